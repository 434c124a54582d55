import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { startLoad } from "../../conformance/load.ts";
import { until } from "../../conformance/until.ts";
import { accuseHistory, assertAtRest, leftOf } from "./judge.ts";
import { nextMischief } from "./mischief.ts";
import type { Random } from "./mischief.ts";
import { setScene } from "./scene.ts";
import type { Scene } from "./scene.ts";

/** How long it storms, how often, and by which numbers. */
export interface StormOptions {
  readonly random: Random;
  readonly rounds: number;
  readonly secondsEach: number;
  readonly tell: (text: string) => void;
  /** Ends it before its time, with nothing left behind. */
  readonly signal: AbortSignal;
}

/** A starved machine takes its time, and a Git that has gone silent is waited for a minute. */
const patienceMs = 300_000;

/**
 * Does mischief to two real engines, their Git server, their mirrors and the ways between them, in rounds. After each it waits
 * until all is quiet and looks at what is left of it. Answers what is not as it must be.
 */
export async function storm(options: StormOptions): Promise<readonly string[]> {
  const { tell, signal } = options;
  const folder = await mkdtemp(join(tmpdir(), "plumb-storm-"));
  const accusations: string[] = [];
  const accuse = (what: string): void => {
    if (signal.aborted) return;
    tell(`NOT AS IT MUST BE: ${what}`);
    accusations.push(what);
  };
  const scene = await setScene(folder, accuse);
  const ended = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  const blown = blowInRounds(scene, options, accuse, () => accusations.length > 0);
  await Promise.race([blown.catch((error: Error) => accuse(error.message)), ended]);
  for (const code of await scene.stop()) if (code !== 0) accuse(`an engine that was asked to end did so with ${code}`);
  for (const what of leftOf(folder)) accuse(`left: ${what}`);
  if (accusations.length === 0) await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  else tell(`logs and repositories are kept in ${folder}`);
  return accusations;
}

async function blowInRounds(
  scene: Scene,
  options: StormOptions,
  accuse: (what: string) => void,
  isAccused: () => boolean,
): Promise<void> {
  const { rounds, tell } = options;
  await until("the first delivery", patienceMs, () => assertAtRest(scene));
  for (let round = 1; round <= rounds && !isAccused(); round += 1) {
    const load = startLoad(scene.api, "steady-staging", "backend", 10);
    await blow(scene, options);
    const sinceMs = Date.now();
    const what = `quiet after round ${round}`;
    await until(what, patienceMs, () => assertAtRest(scene)).catch((error: Error) => accuse(error.message));
    const { asked, failed, failures } = await load.stop();
    if (failed > 0) accuse(`${failed} of ${asked} requests failed: ${failures.join("; ")}`);
    for (const one of accuseHistory(scene.repository)) accuse(one);
    const seconds = Math.round((Date.now() - sinceMs) / 1000);
    tell(`round ${round}: quiet after ${seconds} s; ${failed} of ${asked} requests failed`);
  }
}

/** One round: something happens every now and then, several things at a time, and at the end everything is let be. */
async function blow(scene: Scene, { random, secondsEach, tell, signal }: StormOptions): Promise<void> {
  const endMs = Date.now() + secondsEach * 1000;
  const happening: Promise<unknown>[] = [];
  while (Date.now() < endMs && !signal.aborted) {
    const [name, happen] = nextMischief(random);
    tell(name);
    happening.push(Promise.resolve(happen(scene, random)));
    await pause(100 + random() * 3000);
  }
  await Promise.all(happening);
}
