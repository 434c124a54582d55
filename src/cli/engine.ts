import { resolve } from "node:path";
import { pino } from "pino";
import { Engine } from "../engine/engine.ts";
import { openMirror } from "../io/git/mirror.ts";
import type { StatusDocument } from "../model/status-document.ts";
import { statusDocument } from "../status/document.ts";
import { metricsText } from "../status/metrics.ts";
import { serveStatus } from "../status/server.ts";
import { aborted, exitCodeOfEnding } from "./ending.ts";
import { tellReady } from "./lifeline.ts";
import { openKube } from "./open-kube.ts";
import { packageVersion } from "./package-root.ts";
import { pageAssets } from "./page.ts";
import type { World } from "./world.ts";

/** Options of `plumb engine`, as the command line gives them. */
export interface EngineCommandOptions {
  readonly repository: string;
  readonly branch: string;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly mirror: string;
  readonly host: string;
  readonly port: number;
  /** Milliseconds. */
  readonly poll: number;
  readonly namespace: string;
}

/** What a ready engine tells the process that started it. */
export interface EngineReady {
  readonly statusUrl: string;
}

/** `plumb engine`: delivers what the repository says, until it is asked to end. Logs one JSON line an event. */
export async function engineCommand(world: World, options: EngineCommandOptions): Promise<number> {
  const ending = world.ending();
  const log = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime });
  const kube = await openKube(world, options);
  const folder = resolve(world.cwd, options.mirror);
  const git = await openMirror({ url: options.repository, folder, environment: world.env });

  const about = { version: packageVersion(), startedAt: new Date(world.clock.now()).toISOString() };
  const assets = pageAssets();
  const documentOf = (snapshot: ReturnType<Engine["snapshot"]>): StatusDocument =>
    statusDocument({ engine: about, ...snapshot }, world.clock.now());
  const engine = new Engine({
    git,
    kube,
    clock: world.clock,
    random: world.random,
    branch: options.branch,
    pollMs: options.poll,
    namespace: options.namespace,
    logFiles: (snapshot) =>
      new Map<string, string | Buffer>([
        ...[...assets].map(([name, content]) => [name, Buffer.from(content)] as const),
        ["status.json", `${JSON.stringify(documentOf(snapshot), undefined, 2)}\n`],
      ]),
    onChange: () => {
      server.changed();
    },
    onDecision: ({ application, revision, outcome, reason, message }) => {
      log.info({ application, revision: revision.commit, outcome, reason }, message);
    },
    onTrouble: (what, problem) => {
      log.warn({ what, code: problem.code, where: problem.where, remedy: problem.remedy }, problem.message);
    },
  });
  const server = await serveStatus({
    host: options.host,
    port: options.port,
    assets,
    current: () => documentOf(engine.snapshot()),
    metrics: () => metricsText(documentOf(engine.snapshot()), kube.requestCounts()),
    ready: () => engine.snapshot().repository.fetchedAt !== undefined,
  });
  const statusUrl = `http://${options.host}:${server.port}/`;
  log.info({ repository: git.url, branch: options.branch, statusUrl }, "the engine has started");
  await tellReady({ statusUrl } satisfies EngineReady);
  await Promise.race([engine.start(), aborted(ending)]);
  log.info({ signal: await aborted(ending) }, "the engine is ending");
  await engine.stop();
  await server.stop();
  git.close();
  kube.close();
  return exitCodeOfEnding(world);
}
