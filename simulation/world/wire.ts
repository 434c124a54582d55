import type { Clock } from "../../src/io/clock/clock.ts";

/** How often the process's own work takes a moment, and about how long that is in milliseconds. */
const slowly = 0.03;
const localMs = 40;

/**
 * The way between one process and the rest of the world. What goes over it takes time both ways, so that a process can be
 * killed after its request was done and before it heard of it; what a killed process waited for never comes.
 */
export class Wire {
  /** The clock as the process has it: its timers end with it. */
  readonly clock: Clock;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #end = new AbortController();
  #held: (() => void)[] | undefined;

  /** `aheadMs` is by how much the machine's clock is wrong: somebody may set it at any time. */
  constructor(clock: Clock, random: () => number, aheadMs: () => number) {
    this.#clock = clock;
    this.#random = random;
    this.clock = {
      now: () => clock.now() + aheadMs(),
      // Whole milliseconds, as real clocks tell them.
      at: (atMs, then) => clock.at(Math.ceil(atMs) - aheadMs(), () => this.arrive(then)),
    };
  }

  /** Aborted when the process is killed. */
  get ended(): AbortSignal {
    return this.#end.signal;
  }

  /** kill -9. */
  cut(): void {
    this.#end.abort();
    this.#held = undefined;
  }

  /** The process stands still, as when its machine sleeps; what comes meanwhile waits. */
  freeze(): void {
    this.#held ??= [];
  }

  thaw(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const then of held) then();
  }

  /** Something comes in from outside. */
  arrive(then: () => void): void {
    if (this.ended.aborted) return;
    if (this.#held) this.#held.push(then);
    else then();
  }

  /** Work that is done elsewhere, after half of about `ms`; its answer takes the other half. */
  async send<T>(ms: number, work: () => Promise<T>): Promise<T> {
    // What has left the process arrives, also when that stands still meanwhile.
    await this.#pass(ms, (then) => this.#leave(then));
    const answer = await work();
    await this.#pass(ms, (then) => this.arrive(then));
    return answer;
  }

  /** Work of the process itself, which takes a moment now and then. */
  async local<T>(work: () => Promise<T>): Promise<T> {
    if (this.ended.aborted || this.#random() < slowly) await this.#pass(localMs, (then) => this.arrive(then));
    return work();
  }

  #leave(then: () => void): void {
    if (!this.ended.aborted) then();
  }

  #pass(ms: number, go: (then: () => void) => void): Promise<void> {
    const halfMs = Math.round(ms * (0.25 + 0.5 * this.#random()));
    return new Promise((resolve) => {
      if (!this.ended.aborted) this.#clock.at(this.#clock.now() + halfMs, () => go(resolve));
    });
  }
}
