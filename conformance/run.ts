import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Audit } from "./audit.ts";
import type { EngineChoice } from "./choices.ts";
import type { ClusterUnderTest } from "./cluster.ts";
import { startEmbedded } from "./embedded.ts";
import type { EngineAdapter } from "./engine.ts";
import { plumbInstalled } from "./engines/plumb-installed.ts";
import { plumbProcess } from "./engines/plumb-process.ts";
import { releaseEngine, releaseTwice } from "./released.ts";
import { behaviours, runSuite } from "./suite.ts";
import type { Verdict } from "./suite.ts";

/** Thrown where a run cannot begin as it was chosen; the message says what to choose instead. */
export class WrongChoice extends Error {}

/** How a run of the suite is chosen. Programs are split at spaces and run without a shell. */
export interface ConformanceOptions {
  /** The cluster; without it an embedded one is started and ended. */
  readonly kubeconfig?: string;
  /** Is run with an OCI layout folder, to bring its images (plumbline.local/…) to the cluster. */
  readonly publish?: string;
  /** Is run to end the API server and start it again. */
  readonly restartApi?: string;
  /** The API server's, in JSON lines. */
  readonly auditLog?: string;
  /** Outside of the cluster, or in it by `plumb install`. */
  readonly engine: EngineChoice;
  /** This machine as pods reach it, for an installed engine. */
  readonly hostForPods?: string;
  /** Numbers or names, such as B1, D6 or o2. */
  readonly only?: readonly string[];
  readonly atOnce: number;
}

/**
 * Runs the behaviours on a cluster, each told to `tell` as soon as it is known; answers all verdicts. Rejects when nothing is
 * chosen, or when what a run needs is not given.
 */
export async function runConformance(
  options: ConformanceOptions,
  tell: (text: string) => void,
): Promise<readonly Verdict[]> {
  const wanted = options.only?.map((one) => one.toLowerCase());
  const chosen = behaviours.filter(
    ({ number, name }) => !wanted || wanted.includes(number.toLowerCase()) || wanted.includes(name),
  );
  if (chosen.length === 0) {
    const numbers = [...new Set(behaviours.map(({ number }) => number))].join(", ");
    throw new WrongChoice(`no behaviour is called ${options.only?.join(", ")}; there are ${numbers}`);
  }
  const folder = await mkdtemp(join(tmpdir(), "plumb-conformance-"));
  try {
    const cluster = await clusterUnderTest(options, folder);
    try {
      tell(`on ${cluster.name}: building two releases of two services`);
      const released = await releaseTwice(join(folder, "release"));
      const engine = await engineUnderTest(options, join(folder, "release"), released.layout, tell);
      await cluster.publish(released.layout);
      tell(`${engine.name}:`);
      const ground = { cluster, engine, released, folder, tell };
      return await runSuite(ground, chosen, options.atOnce, (verdict) => tell(line(verdict)));
    } finally {
      await cluster.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** `N passed, N failed`, with what was skipped where anything was. */
export function tally(verdicts: readonly Verdict[]): { readonly text: string; readonly failed: number } {
  const count = (kind: Verdict["verdict"]): number => verdicts.filter(({ verdict }) => verdict === kind).length;
  const [held, failed, skipped] = [count("held"), count("failed"), count("skipped")];
  return { text: `${held} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`, failed };
}

async function clusterUnderTest(options: ConformanceOptions, folder: string): Promise<ClusterUnderTest> {
  const { kubeconfig, publish, restartApi: restart, auditLog: log } = options;
  if (kubeconfig === undefined) return startEmbedded(join(folder, "embedded"), join(folder, "release", "images"));
  return {
    name: kubeconfig,
    kubeconfig,
    publish: (layout) => (publish === undefined ? Promise.resolve() : runProgram(publish, layout)),
    ...(restart === undefined ? {} : { restartApi: () => runProgram(restart) }),
    ...(log === undefined ? {} : { audit: new Audit(log) }),
    stop: () => Promise.resolve(),
  };
}

async function engineUnderTest(
  { engine, hostForPods }: ConformanceOptions,
  folder: string,
  layout: string,
  tell: (text: string) => void,
): Promise<EngineAdapter> {
  if (engine === "process") return plumbProcess;
  if (hostForPods === undefined)
    throw new WrongChoice("an installed engine needs --host-for-pods: this machine as pods reach it");
  tell("building the engine's image");
  return plumbInstalled(await releaseEngine(folder, layout), hostForPods);
}

async function runProgram(program: string, ...further: readonly string[]): Promise<void> {
  const [file = "", ...args] = program.split(" ");
  await promisify(execFile)(file, [...args, ...further]);
}

function line({ number, title, verdict, why, seconds }: Verdict): string {
  const because = why === undefined ? "" : `\n         ${why.replaceAll("\n", "\n         ")}`;
  return `${verdict.padEnd(7)}  ${number.padEnd(3)}  ${title}  (${seconds} s)${because}`;
}
