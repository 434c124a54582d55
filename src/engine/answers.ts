import type { Clock } from "../io/clock/clock.ts";
import { askEveryMs } from "../model/application.ts";
import type { CheckOutcome } from "../model/health.ts";

/** What is asked of one application, again and again, until something else is asked. */
interface Round {
  /** What it is about; an answer to another one says nothing here. */
  readonly about: string;
  /** Of the last answer. */
  answeredMs: number;
  isAsking: boolean;
  last?: CheckOutcome;
  /** Why nothing could be asked: a defect, which is the next pass's trouble. */
  trouble?: { readonly error: unknown };
}

/**
 * The answers of checks, which passes do not wait for: a service that hangs holds no worker (behaviour O5). A pass that wants
 * to know asks, takes what was answered last, and is told when there is something new.
 */
export class Answers {
  readonly #clock: Clock;
  readonly #onAnswer: (application: string) => void;
  readonly #rounds = new Map<string, Round>();

  constructor(clock: Clock, onAnswer: (application: string) => void) {
    this.#clock = clock;
    this.#onAnswer = onAnswer;
  }

  /**
   * What was answered last of what `about` names, undefined before the first answer; asks anew when that is a second old.
   * Throws what the last asking threw.
   */
  latest(application: string, about: string, ask: () => Promise<CheckOutcome>): CheckOutcome | undefined {
    const known = this.#rounds.get(application);
    const round = known?.about === about ? known : { about, answeredMs: -Infinity, isAsking: false };
    this.#rounds.set(application, round);
    const { trouble } = round;
    delete round.trouble;
    if (trouble) throw trouble.error;
    if (!round.isAsking && this.#clock.now() - round.answeredMs >= askEveryMs) void this.#ask(application, round, ask);
    return round.last;
  }

  /** Nothing is asked of it any more. */
  forget(application: string): void {
    this.#rounds.delete(application);
  }

  async #ask(application: string, round: Round, ask: () => Promise<CheckOutcome>): Promise<void> {
    round.isAsking = true;
    try {
      round.last = await ask();
    } catch (error) {
      round.trouble = { error };
    }
    round.isAsking = false;
    round.answeredMs = this.#clock.now();
    if (this.#rounds.get(application) === round) this.#onAnswer(application);
  }
}
