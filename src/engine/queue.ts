import type { Clock } from "../io/clock/clock.ts";

/**
 * A queue of keys with at most one worker a key: adding a key that waits changes nothing, adding one that is being worked
 * on runs it once more afterwards. A key can also be added for a later time; the earliest time wins, until it is worked on.
 */
export class Queue {
  readonly #clock: Clock;
  readonly #work: (key: string) => Promise<void>;
  readonly #parallel: number;
  readonly #due = new Set<string>();
  readonly #running = new Set<string>();
  /** Those of them that wait for something that is done elsewhere. */
  readonly #aside = new Set<string>();
  readonly #timers = new Map<string, { readonly atMs: number; readonly cancel: () => void }>();
  #idle: (() => void)[] = [];
  #stopped = false;

  /** `work` must not reject: a failure of one key is its own affair. */
  constructor(clock: Clock, parallel: number, work: (key: string) => Promise<void>) {
    this.#clock = clock;
    this.#parallel = parallel;
    this.#work = work;
  }

  add(key: string): void {
    if (this.#stopped) return;
    this.#due.add(key);
    this.#next();
  }

  addAt(key: string, atMs: number): void {
    const timer = this.#timers.get(key);
    if (this.#stopped || (timer && timer.atMs <= atMs)) return;
    timer?.cancel();
    const cancel = this.#clock.at(atMs, () => {
      this.#timers.delete(key);
      this.add(key);
    });
    this.#timers.set(key, { atMs, cancel });
  }

  /** Work on a key that waits for what takes long elsewhere, such as a thread, holds no worker: others have their turn meanwhile. */
  async aside<T>(key: string, wait: Promise<T>): Promise<T> {
    this.#aside.add(key);
    this.#next();
    try {
      return await wait;
    } finally {
      this.#aside.delete(key);
    }
  }

  /** How many keys are to be worked on now, and how many are. */
  load(): { readonly waiting: number; readonly working: number } {
    return { waiting: this.#due.size, working: this.#running.size };
  }

  /** Forgets what waits, and resolves when what runs has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#due.clear();
    for (const { cancel } of this.#timers.values()) cancel();
    this.#timers.clear();
    if (this.#running.size > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #next(): void {
    for (const key of this.#due) {
      if (this.#running.size - this.#aside.size >= this.#parallel) return;
      if (this.#running.has(key)) continue;
      this.#due.delete(key);
      this.#running.add(key);
      // What is worked on says itself when to look again: a time of before would wake what is decided since.
      this.#timers.get(key)?.cancel();
      this.#timers.delete(key);
      void this.#work(key).finally(() => {
        this.#running.delete(key);
        if (this.#running.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
        this.#next();
      });
    }
  }
}
