import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import type { Release } from "../model/release.ts";
import { ProblemsError } from "../release/problems.ts";
import type { ClusterReady } from "./cluster.ts";
import { Interrupted } from "./ending.ts";
import type { EngineReady } from "./engine.ts";
import { StatusFeed } from "./feed.ts";
import { startPart } from "./lifeline.ts";
import type { Part } from "./lifeline.ts";
import { problemsBehind } from "./report.ts";
import { scaffold } from "./scaffold.ts";
import { makeBareRepository, WorkingCopy } from "./working-copy.ts";
import type { World } from "./world.ts";

/** How a workshop is set up. Durations as delivery.yaml writes them; ports 0 for any that is free. */
export interface WorkshopOptions {
  readonly folder: string;
  readonly deadline: string;
  readonly soak: string;
  /** Default: the one it was set up with, since the frontend's manifest names it; a free one at first. */
  readonly statusPort?: number | undefined;
  readonly ingressPort: number;
  readonly apiPort?: number;
  /** Ends what is being set up; the workshop itself ends by `stop`. */
  readonly signal: AbortSignal;
  /** What a release says while it works. */
  readonly onRelease?: (text: string) => void;
}

/** Everything on one machine: two Git remotes, an image folder, a cluster and an engine, all below one folder. */
export interface Workshop extends Layout {
  /** The port that the frontend's manifest names. */
  readonly plannedStatusPort: number;
  readonly cluster: Part<ClusterReady>;
  readonly engine: Part<EngineReady>;
  readonly feed: StatusFeed;
  /** What was released to set it up; absent where it was set up before. */
  readonly first?: Release;
  /** Runs `plumb release` on a commit of the application's remote, as a CI would. */
  release(commit: string): Promise<Release>;
  stop(): Promise<void>;
}

/** Where things are below a workshop's folder. */
interface Layout {
  readonly folder: string;
  readonly remotes: { readonly application: string; readonly deployment: string };
  readonly application: WorkingCopy;
  readonly deployment: WorkingCopy;
}

/**
 * Sets up what is not there yet below the folder, and starts the cluster and the engine. The first release comes before
 * the engine, so that it never meets an image that is not there. When anything fails, nothing is left running.
 */
export async function openWorkshop(world: World, options: WorkshopOptions): Promise<Workshop> {
  const layout = workshopLayout(world, options.folder);
  const known = await readPlan(layout);
  const statusPort = await freePort(options.statusPort ?? known?.statusPort ?? 0);
  const plan: Plan = known ?? { statusPort };
  const [cluster, first] = await bothOrStop(
    options,
    (together) => startClusterPart(world, together),
    (together) => (known ? Promise.resolve(undefined) : setUp(world, together, layout, plan)),
  );
  try {
    const engine = await startEnginePart(world, options, layout, cluster, statusPort);
    const feed = new StatusFeed(engine.ready.statusUrl, options.signal);
    return {
      ...layout,
      plannedStatusPort: plan.statusPort,
      ...(first ? { first } : {}),
      cluster,
      engine,
      feed,
      release: (commit) => runRelease(world, options, layout, commit),
      async stop() {
        feed.close();
        await engine.stop();
        await cluster.stop();
      },
    };
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

/** Where things are below a workshop's folder, whether or not they are there. */
export function workshopLayout(world: World, folder: string): Layout {
  return {
    folder,
    remotes: { application: join(folder, "git", "application.git"), deployment: join(folder, "git", "deployment.git") },
    application: new WorkingCopy(join(folder, "application"), world.env),
    deployment: new WorkingCopy(join(folder, "deployment"), world.env),
  };
}

/** What a workshop was set up with; written last, so that its absence says that setting up did not come to its end. */
interface Plan {
  readonly statusPort: number;
}

function planFile({ folder }: Layout): string {
  return join(folder, "workshop.json");
}

async function readPlan(layout: Layout): Promise<Plan | undefined> {
  return existsSync(planFile(layout)) ? (JSON.parse(await readFile(planFile(layout), "utf8")) as Plan) : undefined;
}

/** The port itself, or a free one for 0. Rejects with the system's error when it is in use. */
function freePort(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error) => {
      const [problem] = problemsBehind(error);
      const remedy = "choose another with --status-port, or end what uses it";
      reject(problem ? new ProblemsError([{ ...problem, remedy }]) : error);
    });
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : port));
    });
  });
}

/** Waits for both; when one fails, the other is ended too, and the failure is the one that came first. */
async function bothOrStop<T>(
  options: WorkshopOptions,
  start: (options: WorkshopOptions) => Promise<Part<ClusterReady>>,
  other: (options: WorkshopOptions) => Promise<T>,
): Promise<[Part<ClusterReady>, T]> {
  const failure = new AbortController();
  const together = { ...options, signal: AbortSignal.any([options.signal, failure.signal]) };
  let first: unknown;
  const failed = (error: unknown): never => {
    if (!failure.signal.aborted) first = error;
    failure.abort();
    throw error;
  };
  const [cluster, result] = await Promise.allSettled([start(together).catch(failed), other(together).catch(failed)]);
  if (cluster.status === "fulfilled" && result.status === "fulfilled") return [cluster.value, result.value];
  if (cluster.status === "fulfilled") await cluster.value.stop();
  throw first;
}

async function startClusterPart(world: World, options: WorkshopOptions): Promise<Part<ClusterReady>> {
  const { folder, ingressPort, apiPort = 0, signal } = options;
  await mkdir(join(folder, "images"), { recursive: true });
  // The cluster keeps nothing: what one that was killed left here is of no use to the next.
  await rm(join(folder, "cluster"), { recursive: true, force: true });
  const args = [
    "cluster",
    `--folder=${join(folder, "cluster")}`,
    `--images=oci:${join(folder, "images")}`,
    `--ingress-port=${ingressPort}`,
    `--port=${apiPort}`,
  ];
  return startPart<ClusterReady>(args, { logFile: join(folder, "cluster.log"), env: world.env, signal });
}

function startEnginePart(
  world: World,
  { signal }: WorkshopOptions,
  { folder, remotes }: Layout,
  cluster: Part<ClusterReady>,
  statusPort: number,
): Promise<Part<EngineReady>> {
  const args = [
    "engine",
    `--repository=${remotes.deployment}`,
    `--kubeconfig=${cluster.ready.kubeconfigPath}`,
    `--mirror=${join(folder, "engine", "mirror.git")}`,
    `--port=${statusPort}`,
  ];
  return startPart<EngineReady>(args, { logFile: join(folder, "engine.log"), env: world.env, signal });
}

/** Makes both repositories and releases 1.0.0. What a set-up that did not come to its end left behind is made anew. */
async function setUp(world: World, options: WorkshopOptions, layout: Layout, plan: Plan): Promise<Release> {
  const { folder, deadline, soak } = options;
  const { remotes, application, deployment } = layout;
  for (const part of [join(folder, "git"), application.folder, deployment.folder]) {
    await rm(part, { recursive: true, force: true });
  }
  await mkdir(join(folder, "git"), { recursive: true });
  await makeBareRepository(remotes.application, world.env);
  await makeBareRepository(remotes.deployment, world.env);
  await scaffold({
    folder,
    registry: `oci:${join(folder, "images")}`,
    deploymentRemote: remotes.deployment,
    deadline,
    soak,
    statusUrl: `http://127.0.0.1:${plan.statusPort}/`,
  });
  const commit = await application.begin(remotes.application, "Begin with two small services", "v1.0.0");
  await deployment.begin(remotes.deployment, "Say what runs in staging");
  const release = await runRelease(world, options, layout, commit);
  await writeFile(planFile(layout), `${JSON.stringify(plan)}\n`);
  return release;
}

/** `plumb release` in a process of its own, of a commit in a bare repository. Rejects with its problems. */
async function runRelease(
  world: World,
  { signal, onRelease }: WorkshopOptions,
  { folder, remotes }: Layout,
  commit: string,
): Promise<Release> {
  if (signal.aborted) throw new Interrupted();
  const part = await startPart<Release>(["release", commit, `--source=${remotes.application}`], {
    logFile: join(folder, "release.log"),
    env: world.env,
    signal,
    ...(onRelease ? { onSaid: onRelease } : {}),
  });
  await part.exited;
  return part.ready;
}
