import type { Clock } from "../io/clock/clock.ts";
import { backOffMs } from "../model/back-off.ts";
import type { Notice, Receiver, Told } from "../model/notice.ts";
import type { Problem } from "../model/problem.ts";

/** What an outbox is made of. */
export interface OutboxOptions {
  readonly clock: Clock;
  /** From 0 up to but not 1; spreads the tries. */
  readonly random: () => number;
  /** How many applications are told of at once; default 4. */
  readonly parallel?: number;
  /** How many notices of one application may wait; default 50. The oldest gives way. */
  readonly mostWaiting?: number;
  /** After each try. */
  readonly onTold?: (notice: Notice, told: Tried) => void;
  /** One that gave way, since too many waited. */
  readonly onDropped?: (notice: Notice) => void;
}

/** What came of a try. `resting`: a person must mend it, and nobody has for so long that it is tried rarely from now on. */
export type Tried = Told | { readonly kind: "resting"; readonly problem: Problem };

interface Letter {
  readonly notice: Notice;
  readonly again: boolean;
}

interface Lane {
  /** Being told now. */
  telling?: Letter | undefined;
  waiting: readonly Letter[];
  /** Tries in a row that did not get through. */
  failures: number;
  notBeforeMs: number;
  /** Since when a person is needed, without a break. */
  refusedSinceMs?: number | undefined;
  /** It is tried again before its time when there is something new to tell. */
  rests?: boolean | undefined;
}

const firstRetryMs = 1000;
const longestRetryMs = 300_000;

/** How long what needs a person is tried like anything else, and how rarely from then on. */
const patienceMs = 3_600_000;
const restMs = 6 * 3_600_000;

/**
 * What one receiver is still to be told: in order within an application, at least once, tried until it gets through. A newer
 * state of the same commit takes the place of an older one that waits. What a person must mend, and nobody does, gives way to
 * what waits behind it, and the last of that rests until there is something new to tell. Nothing here holds up a delivery
 * (behaviour O5): adding returns at once, and what waits is bounded.
 */
export class Outbox {
  readonly #receiver: Receiver;
  readonly #options: OutboxOptions;
  readonly #lanes = new Map<string, Lane>();
  readonly #telling = new Set<Promise<void>>();
  readonly #ending = new AbortController();
  /** The receiver asked for quiet until then. */
  #quietUntilMs = 0;
  #wake: { readonly atMs: number; readonly cancel: () => void } | undefined;

  constructor(receiver: Receiver, options: OutboxOptions) {
    this.#receiver = receiver;
    this.#options = options;
  }

  get name(): string {
    return this.#receiver.name;
  }

  /** How many notices wait, those that are being told included. */
  waiting(): number {
    return [...this.#lanes.values()].reduce((sum, { waiting, telling }) => sum + waiting.length + (telling ? 1 : 0), 0);
  }

  add(notice: Notice, again = false): void {
    if (this.#ending.signal.aborted || !this.#receiver.wants(notice)) return;
    const lane = this.#lanes.get(notice.application) ?? { waiting: [], failures: 0, notBeforeMs: 0 };
    this.#lanes.set(notice.application, lane);
    const others = lane.waiting.filter((letter) => subject(letter.notice) !== subject(notice));
    const { mostWaiting = 50, onDropped } = this.#options;
    const dropped = others.slice(0, Math.max(0, others.length + 1 - mostWaiting));
    for (const letter of dropped) onDropped?.(letter.notice);
    lane.waiting = [...others.slice(dropped.length), { notice, again }];
    if (lane.rests === true) lane.notBeforeMs = 0;
    this.#next();
  }

  /** Ends what is under way and forgets the rest: whoever leads next tells it again. */
  async stop(): Promise<void> {
    this.#ending.abort();
    this.#wake?.cancel();
    await Promise.all(this.#telling);
    this.#lanes.clear();
  }

  #next(): void {
    if (this.#ending.signal.aborted) return;
    const { clock, parallel = 4 } = this.#options;
    let soonestMs = Infinity;
    for (const [application, lane] of this.#lanes) {
      const [letter] = lane.waiting;
      if (letter === undefined || lane.telling) continue;
      if (this.#telling.size >= parallel) return;
      const dueMs = Math.max(lane.notBeforeMs, this.#quietUntilMs);
      if (dueMs <= clock.now()) this.#begin(application, lane, letter);
      else soonestMs = Math.min(soonestMs, dueMs);
    }
    if (soonestMs < Infinity) this.#wakeAt(soonestMs);
  }

  #wakeAt(atMs: number): void {
    if (this.#wake && this.#wake.atMs <= atMs) return;
    this.#wake?.cancel();
    const cancel = this.#options.clock.at(atMs, () => {
      this.#wake = undefined;
      this.#next();
    });
    this.#wake = { atMs, cancel };
  }

  #begin(application: string, lane: Lane, letter: Letter): void {
    lane.telling = letter;
    lane.waiting = lane.waiting.slice(1);
    const telling = this.#receiver.tell(letter.notice, letter.again, this.#ending.signal).then((told) => {
      this.#telling.delete(telling);
      lane.telling = undefined;
      if (this.#ending.signal.aborted) return;
      const tried = this.#heard(lane, letter, told);
      if (lane.waiting.length === 0) this.#lanes.delete(application);
      this.#options.onTold?.(letter.notice, tried);
      this.#next();
    });
    this.#telling.add(telling);
  }

  #heard(lane: Lane, letter: Letter, told: Told): Tried {
    lane.rests = false;
    if (told.kind !== "later") {
      lane.failures = 0;
      lane.notBeforeMs = 0;
      lane.refusedSinceMs = undefined;
      return told;
    }
    const nowMs = this.#options.clock.now();
    lane.refusedSinceMs = told.needsPerson === true ? (lane.refusedSinceMs ?? nowMs) : undefined;
    const isGivenUp = lane.refusedSinceMs !== undefined && nowMs - lane.refusedSinceMs >= patienceMs;
    if (isGivenUp) return this.#rest(lane, letter, told.problem);
    // Where something newer of the same waits behind it, that is what is told next.
    const isOld = lane.waiting.some(({ notice }) => subject(notice) === subject(letter.notice));
    if (!isOld) lane.waiting = [letter, ...lane.waiting];
    lane.notBeforeMs = nowMs + backOffMs(lane.failures, firstRetryMs, longestRetryMs, this.#options.random);
    lane.failures += 1;
    const { afterMs = 0 } = told;
    if (afterMs > 0) this.#quietUntilMs = Math.max(this.#quietUntilMs, nowMs + afterMs);
    return told;
  }

  /** What was refused for so long may be what is wrong, as a commit that the forge never saw: it holds up nothing newer. */
  #rest(lane: Lane, letter: Letter, problem: Problem): Tried {
    lane.notBeforeMs = 0;
    if (lane.waiting.length > 0) return { kind: "never", problem };
    lane.waiting = [letter];
    lane.rests = true;
    lane.notBeforeMs = this.#options.clock.now() + restMs;
    return { kind: "resting", problem };
  }
}

/** Notices of one subject take each other's place: where one delivery stands, or the promotion on its way. */
function subject({ type, commit, id }: Notice): string {
  return type === "drift" ? `drift ${id}` : `${type} ${commit}`;
}
