import type { Clock } from "../io/clock/clock.ts";
import type { Notice, Receiver } from "../model/notice.ts";
import type { Problem } from "../model/problem.ts";
import type { DeliveryRecord } from "../model/record.ts";
import type { Untold } from "./document.ts";
import { noticesAgain, noticesBetween } from "./notices.ts";
import { Outbox } from "./outbox.ts";
import type { Tried } from "./outbox.ts";

/** What tells the outside. */
export interface OutsideOptions {
  readonly receivers: readonly Receiver[];
  readonly clock: Clock;
  /** From 0 up to but not 1; spreads the tries. */
  readonly random: () => number;
  /** The status page, for links to it. */
  readonly page?: string;
  /** An application is seen for the first time. */
  readonly onFirst?: (record: DeliveryRecord) => void;
  /** What is new of an application after `before`; `history` has its records, newest first. Not called for what is told again. */
  readonly onNews?: (news: readonly Notice[], history: readonly DeliveryRecord[], before: DeliveryRecord) => void;
  /** After each try, and when one gave way since too many waited. */
  readonly onTold?: (receiver: string, notice: Notice, told: Tried | { readonly kind: "dropped" }) => void;
}

/** How telling one receiver goes. */
export interface ReceiverState {
  readonly receiver: string;
  readonly waiting: number;
  /** Why the last try did not get through. */
  readonly trouble?: Problem;
}

/**
 * The one way to the outside: records in, notices out to every receiver. It keeps nothing: of an application that it sees for
 * the first time it tells where it stands, once more if need be, so that an engine that was killed leaves nobody with an old state.
 */
export class Outside {
  readonly #options: OutsideOptions;
  readonly #outboxes: readonly Outbox[];
  readonly #seen = new Map<string, DeliveryRecord>();
  readonly #troubles = new Map<string, Problem>();
  readonly #refusals = new Map<string, Problem>();

  constructor(options: OutsideOptions) {
    this.#options = options;
    const { clock, random, onTold } = options;
    this.#outboxes = options.receivers.map((receiver) => {
      const { name } = receiver;
      return new Outbox(receiver, {
        clock,
        random,
        onTold: (notice, told) => {
          this.#heard(name, told);
          onTold?.(name, notice, told);
        },
        onDropped: (notice) => onTold?.(name, notice, { kind: "dropped" }),
      });
    });
  }

  /** Takes the records of one application, newest first, and tells what is new in them; returns at once. */
  see(history: readonly DeliveryRecord[]): void {
    const [record] = history;
    if (record === undefined) return;
    const before = this.#seen.get(record.application);
    if (before === record) return;
    this.#seen.set(record.application, record);
    const found = before ? noticesBetween(before, record) : noticesAgain(history);
    const { page } = this.#options;
    const news = page === undefined ? found : found.map((notice) => ({ ...notice, page }));
    if (!before) this.#options.onFirst?.(record);
    else if (news.length > 0) this.#options.onNews?.(news, history, before);
    for (const notice of news) for (const outbox of this.#outboxes) outbox.add(notice, before === undefined);
  }

  /** Who cannot be told until a person mends it. */
  untold(): readonly Untold[] {
    return [...this.#refusals].map(([receiver, problem]) => ({ receiver, problem }));
  }

  state(): readonly ReceiverState[] {
    return this.#outboxes.map((outbox) => {
      const trouble = this.#troubles.get(outbox.name);
      return { receiver: outbox.name, waiting: outbox.waiting(), ...(trouble ? { trouble } : {}) };
    });
  }

  #heard(receiver: string, told: Tried): void {
    const needsPerson = told.kind === "resting" || (told.kind === "later" && told.needsPerson === true);
    if (needsPerson) this.#refusals.set(receiver, told.problem);
    if (told.kind === "told") {
      this.#troubles.delete(receiver);
      this.#refusals.delete(receiver);
    } else this.#troubles.set(receiver, told.problem);
  }

  /** Ends what is under way; whoever leads next begins with where each application stands. */
  async stop(): Promise<void> {
    await Promise.all(this.#outboxes.map((outbox) => outbox.stop()));
  }
}
