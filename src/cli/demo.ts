import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { blocked, drifted, firstDelivery, rolledBack, upgraded, verified } from "./demo-chapters.ts";
import type { Story } from "./demo-chapters.ts";
import { findLeftovers } from "./leftovers.ts";
import { startLoad } from "./load.ts";
import { Observations } from "./observations.ts";
import { problemsBehind, printProblems } from "./report.ts";
import { openWorkshop } from "./workshop.ts";
import type { Workshop } from "./workshop.ts";
import { exitCodes } from "./world.ts";
import type { World } from "./world.ts";

/** Options of `plumb demo`, as the command line gives them. */
export interface DemoCommandOptions {
  readonly json?: boolean;
  readonly keep?: boolean;
}

/** Requests a second during upgrade, break, block and rollback. */
const loadPerSecond = 60;

/**
 * `plumb demo`: the whole story on this machine, told from observations. Exit code 0 when every one is as it must be; the
 * folder, all processes and all ports are gone afterwards, after Ctrl-C as well.
 */
export async function demoCommand(world: World, options: DemoCommandOptions): Promise<number> {
  const ending = world.ending();
  // The real path, since that is what processes have in their command lines.
  const folder = await realpath(await mkdtemp(join(tmpdir(), "plumb-demo-")));
  const observations = new Observations();
  const began = world.clock.now();
  const run: Run = { world, folder, observations, urls: [] };
  // Whatever the story waits for when it is interrupted gives up by itself, so there is nothing to run on beside it.
  await tell(run).catch((error: unknown) => {
    if (ending.aborted) return;
    const problems = problemsBehind(error);
    printProblems(world, problems);
    observations.note("the story is told to its end", "yes", problems[0]?.message ?? "no", false);
  });
  await tearDown(run, options.keep === true);
  if (ending.aborted) return exitCodes.interrupted;
  const seconds = (world.clock.now() - began) / 1000;
  report(world, observations, seconds, options);
  return observations.failed.length === 0 ? exitCodes.done : exitCodes.failed;
}

interface Run {
  readonly world: World;
  readonly folder: string;
  readonly observations: Observations;
  workshop?: Workshop;
  urls: readonly string[];
}

async function tell(run: Run): Promise<void> {
  const { world, folder, observations } = run;
  const terminal = world.err;
  const setUp = terminal.step("set up: two Git remotes, a Kubernetes of one node, an engine; release 1.0.0");
  const workshop = await openWorkshop(world, {
    folder,
    deadline: "30s",
    soak: "2s",
    ingressPort: 0,
    signal: world.ending(),
    onRelease: (text) => {
      setUp.update(text);
    },
  });
  run.workshop = workshop;
  const { url, ingressUrl } = workshop.cluster.ready;
  run.urls = [url, ingressUrl, workshop.engine.ready.statusUrl];
  setUp.done(`page ${workshop.engine.ready.statusUrl}`);
  const story: Story = { world, workshop, observations };
  await firstDelivery(story);
  const load = startLoad(`${ingressUrl.replace(/\/$/, "")}/api/metadata`, { perSecond: loadPerSecond });
  try {
    await upgraded(story, load);
    const failing = await blocked(story, load);
    await rolledBack(story, load, failing);
  } finally {
    const { sent, failed, failures, perSecond } = await load.stop();
    observations.note(
      "requests through it all",
      "0 failed",
      `${failed} failed of ${sent}${failures.length > 0 ? ` (${failures[0]})` : ""}`,
      failed === 0 && sent > 0,
    );
    observations.note("load", "at least 50 requests/s", `${perSecond.toFixed(0)} requests/s`, perSecond >= 50);
  }
  await drifted(story);
  await verified(story);
}

/** Ends everything in order, and looks whether anything is left. */
async function tearDown(run: Run, keep: boolean): Promise<void> {
  const { world, folder, observations, workshop } = run;
  const step = world.err.step("tear down");
  await workshop?.stop();
  if (keep) {
    step.done(`kept ${folder}`);
    return;
  }
  await rm(folder, { recursive: true, force: true });
  const left = await findLeftovers(folder, run.urls, world.env);
  const words = [
    left.processes.length > 0 ? `processes: ${left.processes.join("; ")}` : "",
    left.ports.length > 0 ? `ports: ${left.ports.join(", ")}` : "",
    left.folder ? `the folder ${folder}` : "",
  ].filter(Boolean);
  const nothing = words.length === 0;
  observations.note("teardown", "nothing left", nothing ? "nothing left" : words.join("; "), nothing);
  if (nothing) step.done("no process, port, file or folder is left");
  else step.failed(words.join("; "));
}

function report(world: World, observations: Observations, seconds: number, options: DemoCommandOptions): void {
  const { all, failed } = observations;
  if (options.json === true) {
    world.out.line(JSON.stringify({ ok: failed.length === 0, seconds, observations: all }));
    return;
  }
  world.out.line();
  world.out.table(
    ["", "what was proved", "observed"],
    all.map(({ what, observed, ok }) => [ok ? "✓" : "✗", what, observed]),
  );
  world.out.line();
  for (const { what, expected, observed } of failed) {
    world.out.line(`${world.out.style("bad", "not as it must be:")} ${what}: ${observed}, must be ${expected}`);
  }
  const verdict =
    failed.length === 0
      ? `all ${all.length} observations are as they must be`
      : `${failed.length} of ${all.length} are not as they must be`;
  world.out.line(`${verdict}, in ${seconds.toFixed(0)} s`);
}
