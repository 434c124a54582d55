import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { systemProcesses } from "../io/process/system-processes.ts";
import { ProblemError } from "../model/problem.ts";
import type { Release } from "../model/release.ts";
import type { ClusterReady } from "./cluster.ts";
import type { EngineReady } from "./engine.ts";
import { StatusFeed } from "./feed.ts";
import { scaffold } from "./init.ts";
import { startPart } from "./lifeline.ts";
import type { Part } from "./lifeline.ts";
import { packageFile } from "./package-root.ts";
import { makeBareRepository, WorkingCopy } from "./working-copy.ts";
import type { World } from "./world.ts";

/** How a workshop is set up. Durations as delivery.yaml writes them; ports 0 for any that is free. */
export interface WorkshopOptions {
  readonly folder: string;
  readonly deadline: string;
  readonly soak: string;
  readonly statusPort: number;
  readonly ingressPort: number;
}

/** Everything on one machine: two Git remotes, an image folder, a cluster and an engine, all below one folder. */
export interface Workshop {
  readonly folder: string;
  readonly remotes: { readonly application: string; readonly deployment: string };
  readonly application: WorkingCopy;
  readonly deployment: WorkingCopy;
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
 * the engine, so that it never meets an image that is not there.
 */
export async function openWorkshop(world: World, options: WorkshopOptions): Promise<Workshop> {
  const layout = layoutOf(world, options.folder);
  const [cluster, first] = await bothOrStop(startClusterPart(world, options), firstRelease(world, options, layout));
  try {
    const engine = await startEnginePart(world, options, layout, cluster);
    const feed = new StatusFeed(engine.ready.statusUrl);
    return {
      ...layout,
      ...(first ? { first } : {}),
      cluster,
      engine,
      feed,
      release: (commit) => runRelease(world, layout, commit),
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

function layoutOf(world: World, folder: string): Layout {
  return {
    folder,
    remotes: { application: join(folder, "git", "application.git"), deployment: join(folder, "git", "deployment.git") },
    application: new WorkingCopy(join(folder, "application"), world.env),
    deployment: new WorkingCopy(join(folder, "deployment"), world.env),
  };
}

/** Waits for both; when one fails, the cluster does not stay behind. */
async function bothOrStop<T>(
  starting: Promise<Part<ClusterReady>>,
  other: Promise<T>,
): Promise<[Part<ClusterReady>, T]> {
  const [cluster, result] = await Promise.allSettled([starting, other]);
  if (cluster.status === "rejected") throw cluster.reason;
  if (result.status === "fulfilled") return [cluster.value, result.value];
  await cluster.value.stop();
  throw result.reason;
}

async function startClusterPart(world: World, { folder, ingressPort }: WorkshopOptions): Promise<Part<ClusterReady>> {
  await mkdir(join(folder, "images"), { recursive: true });
  const args = [
    "cluster",
    `--folder=${join(folder, "cluster")}`,
    `--images=oci:${join(folder, "images")}`,
    `--ingress-port=${ingressPort}`,
  ];
  return startPart<ClusterReady>(args, { logFile: join(folder, "cluster.log"), env: world.env });
}

function startEnginePart(
  world: World,
  { statusPort }: WorkshopOptions,
  { folder, remotes }: Layout,
  cluster: Part<ClusterReady>,
): Promise<Part<EngineReady>> {
  const args = [
    "engine",
    `--repository=${remotes.deployment}`,
    `--kubeconfig=${cluster.ready.kubeconfigPath}`,
    `--mirror=${join(folder, "engine", "mirror.git")}`,
    `--port=${statusPort}`,
  ];
  return startPart<EngineReady>(args, { logFile: join(folder, "engine.log"), env: world.env });
}

/** Makes both repositories and releases 1.0.0; undefined where they are there already. */
async function firstRelease(world: World, options: WorkshopOptions, layout: Layout): Promise<Release | undefined> {
  const { folder, deadline, soak } = options;
  const { remotes, application, deployment } = layout;
  if (existsSync(remotes.deployment)) return undefined;
  await mkdir(join(folder, "git"), { recursive: true });
  await makeBareRepository(remotes.application, world.env);
  await makeBareRepository(remotes.deployment, world.env);
  const registry = `oci:${join(folder, "images")}`;
  await scaffold({ folder, registry, deploymentRemote: remotes.deployment, deadline, soak });
  const commit = await application.begin(remotes.application, "Begin with two small services", "v1.0.0");
  await deployment.begin(remotes.deployment, "Say what runs in staging");
  return runRelease(world, layout, commit);
}

/** `plumb release` in a process of its own, of a commit in a bare repository; its problems come back as it printed them. */
async function runRelease(world: World, { folder, remotes }: Layout, commit: string): Promise<Release> {
  const main = packageFile("dist", "src", "cli", "main.js");
  const done = await systemProcesses.run({
    file: process.execPath,
    args: [main, "release", commit, `--source=${remotes.application}`, "--json"],
    cwd: folder,
    env: Object.fromEntries(
      Object.entries(world.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
    ),
  });
  if (done.code === 0) return JSON.parse(done.stdout.toString("utf8")) as Release;
  throw new ProblemError({ code: "release-failed", message: `the release failed: ${done.stderr.trim()}` });
}
