import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Drill } from "../../drills/drill.ts";
import { drills } from "../../drills/index.ts";
import { openMirror } from "../io/git/mirror.ts";
import { ProblemError } from "../model/problem.ts";
import { runDrill } from "./drill-run.ts";
import { StatusFeed } from "./feed.ts";
import { LogFeed } from "./log-feed.ts";
import type { Feed } from "./log-feed.ts";
import { startLoad } from "./load.ts";
import { Observations } from "./observations.ts";
import { runningUp } from "./up-file.ts";
import { WorkingCopy } from "./working-copy.ts";
import { exitCodes } from "./world.ts";
import type { World } from "./world.ts";

/** Options of `plumb drill`, parsed. */
export interface DrillCommandOptions {
  readonly folder: string;
  readonly repository?: string;
  readonly path: string;
  readonly statusUrl?: string;
  /** Milliseconds. */
  readonly timeout: number;
  readonly json?: boolean;
}

/** Requests a second while the drill runs, where a `plumb up` says where to send them. */
const loadPerSecond = 50;

/** `plumb drill [name]`: one fault through Git, and what must follow; exit code 1 when anything else does. */
export async function drillCommand(
  world: World,
  name: string | undefined,
  options: DrillCommandOptions,
): Promise<number> {
  if (name === undefined) return list(world, options);
  const drill = drillNamed(name);
  const place = placeOf(world, options);
  const folder = await mkdtemp(join(tmpdir(), "plumb-drill-"));
  const observations = new Observations();
  const feed = await openFeed(world, place, folder);
  const load = place.loadUrl === undefined ? undefined : startLoad(place.loadUrl, { perSecond: loadPerSecond });
  try {
    const copy = await cloneOf(world, place.repository, join(folder, "clone"));
    await runDrill({ world, drill, feed, copy, observations, path: options.path, timeoutMs: options.timeout });
  } finally {
    if (load) {
      const { sent, failed, failures } = await load.stop();
      const why = failures.length > 0 ? ` (${failures[0]})` : "";
      observations.note("requests meanwhile", "0 failed", `${failed} failed of ${sent}${why}`, failed === 0);
    }
    feed.close();
    await rm(folder, { recursive: true, force: true });
  }
  return report(world, drill, observations, options);
}

function list(world: World, { json }: DrillCommandOptions): number {
  if (json === true) {
    world.out.line(JSON.stringify(drills.map((drill) => ({ name: drill.name, title: drill.title }))));
    return exitCodes.done;
  }
  world.out.table(
    ["drill", "what goes wrong, and what it shows"],
    drills.flatMap(({ name, title, expect }) => [
      [name, title],
      ["", world.out.style("quiet", expect.shows)],
    ]),
  );
  return exitCodes.done;
}

function drillNamed(name: string): Drill {
  const found = drills.find((drill) => drill.name === name);
  if (found) return found;
  throw new ProblemError({
    code: "drill-unknown",
    message: `there is no drill ${JSON.stringify(name)}`,
    remedy: `choose one of ${drills.map((drill) => drill.name).join(", ")}`,
  });
}

interface DrillPlace {
  readonly repository: string;
  readonly statusUrl?: string;
  readonly loadUrl?: string;
}

/** A running `plumb up` in the folder, unless a repository is named. */
function placeOf(world: World, { folder, repository, statusUrl }: DrillCommandOptions): DrillPlace {
  if (repository !== undefined) return { repository, ...(statusUrl === undefined ? {} : { statusUrl }) };
  const up = runningUp(resolve(world.cwd, folder))?.ready;
  if (up) {
    return {
      repository: up.deployment,
      statusUrl: statusUrl ?? up.statusUrl,
      loadUrl: new URL("/api/metadata", up.ingressUrl).href,
    };
  }
  throw new ProblemError({
    code: "not-up",
    message: `no \`plumb up\` runs in ${resolve(world.cwd, folder)}`,
    remedy: "start one, or name a deployment repository with --repository",
  });
}

async function openFeed(world: World, { repository, statusUrl }: DrillPlace, folder: string): Promise<Feed> {
  if (statusUrl !== undefined) return new StatusFeed(statusUrl, world.ending());
  const git = await openMirror({ url: repository, folder: join(folder, "mirror.git"), environment: world.env });
  return new LogFeed(git, world.ending());
}

async function cloneOf(world: World, repository: string, folder: string): Promise<WorkingCopy> {
  await new WorkingCopy(tmpdir(), world.env).git("clone", "--quiet", "--branch=main", "--", repository, folder);
  return new WorkingCopy(folder, world.env);
}

function report(world: World, drill: Drill, observations: Observations, { json }: DrillCommandOptions): number {
  const { all, failed } = observations;
  const ok = failed.length === 0;
  if (json === true) world.out.line(JSON.stringify({ drill: drill.name, ok, observations: all }));
  else {
    const rows = all.map((one) => [one.ok ? "✓" : "✗", one.what, one.observed]);
    world.out.table(["", "what was proved", "observed"], rows);
    world.out.line(ok ? drill.expect.shows : `${failed.length} of ${all.length} are not as they must be`);
  }
  return ok ? exitCodes.done : exitCodes.failed;
}
