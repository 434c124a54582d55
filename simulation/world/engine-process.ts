import { Engine } from "../../src/engine/engine.ts";
import { Leader } from "../../src/engine/leader.ts";
import { fencedGit } from "../../src/io/git/fenced-git.ts";
import type { Git } from "../../src/io/git/git.ts";
import { fencedKube } from "../../src/io/kube/fenced-kube.ts";
import type { Kube } from "../../src/io/kube/kube.ts";
import type { Clock } from "../../src/io/clock/clock.ts";
import type { Problem } from "../../src/model/problem.ts";
import type { DeliveryRecord } from "../../src/model/record.ts";
import { gitDoor } from "./git-door.ts";
import { kubeDoor } from "./kube-door.ts";
import type { Weather } from "./weather.ts";
import { Wire } from "./wire.ts";

/** What an engine's process lives in. */
export interface Surroundings {
  readonly clock: Clock;
  readonly random: () => number;
  readonly weather: Weather;
  /** The remote and the API server as they are where they are; each opening is a mirror of its own. */
  readonly openGit: () => Git;
  readonly kube: Kube;
  readonly onDecision: (record: DeliveryRecord) => void;
  readonly onTrouble: (problem: Problem) => void;
}

/** The namespace in which engines keep what is theirs. */
export const engineNamespace = "plumbline-system";

/** One engine as a process that can be killed at any instant, started again, and put to sleep. */
export class EngineProcess {
  readonly #name: string;
  readonly #around: Surroundings;
  /** It takes part in the election of a leader; without that it is the only one. */
  readonly #isElected: boolean;
  #mirror: Git;
  #wire: Wire | undefined;
  #engine: Engine | undefined;
  #starts = 0;
  #aheadMs = 0;

  constructor(name: string, isElected: boolean, around: Surroundings) {
    this.#name = name;
    this.#isElected = isElected;
    this.#around = around;
    this.#mirror = around.openGit();
  }

  get isRunning(): boolean {
    return this.#wire !== undefined;
  }

  /** The engine that acts in this process, if one does. */
  get engine(): Engine | undefined {
    return this.#engine;
  }

  start(): void {
    if (this.#wire) return;
    const { clock, random, weather } = this.#around;
    const wire = new Wire(clock, random, () => this.#aheadMs);
    this.#wire = wire;
    this.#starts += 1;
    const git = gitDoor(this.#mirror, wire, weather, random);
    const kube = kubeDoor(this.#around.kube, wire, weather, random);
    if (!this.#isElected) {
      this.#engine = this.#newEngine(git, kube, wire);
      void this.#engine.start();
      return;
    }
    const identity = `${this.#name}-${this.#starts}`;
    const leader = new Leader({
      kube,
      clock: wire.clock,
      steadyMs: () => clock.now(),
      random,
      namespace: engineNamespace,
      identity,
    });
    const term = async (signal: AbortSignal): Promise<void> => {
      const engine = this.#newEngine(fencedGit(git, leader.holds), fencedKube(kube, leader.holds), wire);
      this.#engine = engine;
      void engine.start();
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
      await engine.stop();
      if (this.#engine === engine) this.#engine = undefined;
    };
    void leader.run(term, new AbortController().signal);
  }

  /** kill -9; with `lost`, its disk goes as well. */
  kill(lost = false): void {
    this.#wire?.cut();
    this.#wire = undefined;
    this.#engine = undefined;
    if (lost) this.#mirror = this.#around.openGit();
  }

  /** Sets the clock of the machine, which it keeps whatever becomes of the process. */
  setClock(byMs: number): void {
    this.#aheadMs += byMs;
  }

  freeze(): void {
    this.#wire?.freeze();
  }

  thaw(): void {
    this.#wire?.thaw();
  }

  #newEngine(git: Git, kube: Kube, wire: Wire): Engine {
    const { random, onDecision, onTrouble } = this.#around;
    return new Engine({
      git,
      kube,
      clock: wire.clock,
      random,
      namespace: engineNamespace,
      onDecision,
      onTrouble: (_, problem) => onTrouble(problem),
    });
  }
}
