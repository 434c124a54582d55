import type { Clock } from "../clock.ts";

/** What a work queue needs: how to reconcile one key, and whom to tell of an error that a retry may not cure. */
export interface WorkQueueOptions {
  readonly clock: Clock;
  readonly sync: (key: string) => Promise<void>;
  readonly report: (key: string, error: unknown) => void;
}

/** The first wait after a failure in ms; it doubles with every further one of the same key, as client-go's limiter. */
const firstBackoffMs = 5;
const longestBackoffMs = 1_000_000;

/**
 * Keys that wait for their reconciliation: each is there once however often it was added, never runs twice at a time, and
 * comes back by itself after a failure, ever later.
 */
export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #waiting = new Set<string>();
  readonly #failures = new Map<string, number>();
  readonly #timers = new Map<string, { readonly atMs: number; readonly cancel: () => void }>();
  #running = false;
  #stopped = false;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
  }

  /** Reconciles the key soon. */
  add(key: string): void {
    if (this.#stopped) return;
    this.#waiting.add(key);
    if (this.#running) return;
    this.#running = true;
    // Not at once: whoever adds is in the middle of telling all watchers of one write.
    setImmediate(() => {
      void this.#drain();
    });
  }

  /** Reconciles the key at a moment; of several moments the earliest counts. */
  addAt(key: string, atMs: number): void {
    if (this.#stopped) return;
    const known = this.#timers.get(key);
    if (known && known.atMs <= atMs) return;
    known?.cancel();
    const cancel = this.#options.clock.at(atMs, () => {
      this.#timers.delete(key);
      this.add(key);
    });
    this.#timers.set(key, { atMs, cancel });
  }

  /** Forgets everything that waits; what runs ends by itself. */
  stop(): void {
    this.#stopped = true;
    this.#waiting.clear();
    for (const { cancel } of this.#timers.values()) cancel();
    this.#timers.clear();
  }

  async #drain(): Promise<void> {
    for (;;) {
      const [key] = this.#waiting;
      if (key === undefined || this.#stopped) break;
      this.#waiting.delete(key);
      await this.#run(key);
    }
    this.#running = false;
  }

  async #run(key: string): Promise<void> {
    try {
      await this.#options.sync(key);
      this.#failures.delete(key);
    } catch (error) {
      if (this.#stopped) return;
      this.#options.report(key, error);
      const failures = this.#failures.get(key) ?? 0;
      this.#failures.set(key, failures + 1);
      this.addAt(key, this.#options.clock.now() + Math.min(longestBackoffMs, firstBackoffMs * 2 ** failures));
    }
  }
}
