import { resolve } from "node:path";
import { pino } from "pino";
import { Engine } from "../engine/engine.ts";
import type { Trust } from "../engine/endorsed.ts";
import type { EngineOptions } from "../engine/engine.ts";
import type { WatchScope } from "../engine/live.ts";
import type { ImageTrust } from "../engine/signed-images.ts";
import { Leader } from "../engine/leader.ts";
import { fingerprint } from "../io/files/fingerprint.ts";
import { fencedGit } from "../io/git/fenced-git.ts";
import type { Git } from "../io/git/git.ts";
import { openMirror } from "../io/git/mirror.ts";
import { listenForWebhooks, webhookPath } from "../io/webhook/listener.ts";
import { passOn } from "../io/webhook/pass-on.ts";
import { fencedKube } from "../io/kube/fenced-kube.ts";
import type { Kube } from "../io/kube/kube.ts";
import { deliveryId } from "../model/delivery-id.ts";
import { systemProcesses } from "../io/process/system-processes.ts";
import { ProblemError } from "../model/problem.ts";
import { promotionSentence } from "../model/record.ts";
import { metricsText } from "../status/metrics.ts";
import type { ForgeKind } from "../status/forge/forge.ts";
import { serveStatus } from "../status/server.ts";
import { aborted, exitCodeOfEnding } from "./ending.ts";
import { EngineView } from "./engine-view.ts";
import { processIdentity } from "./identity.ts";
import { tellReady } from "./lifeline.ts";
import { imageTrustOf } from "./image-trust.ts";
import { logFiles } from "./log-files.ts";
import { checkPrograms } from "./needed-programs.ts";
import { openKube } from "./open-kube.ts";
import { openOutside } from "./outside.ts";
import type { OpenOutside } from "./outside.ts";
import { renderBeside } from "./render-beside.ts";
import type { World } from "./world.ts";

/** Options of `plumb engine`, as the command line gives them. */
export interface EngineCommandOptions {
  readonly repository: string;
  readonly branch: string;
  readonly kubeconfig?: string;
  readonly context?: string;
  /** The kubeconfig whose contexts environments name as their cluster; default the one above. */
  readonly clusters?: string;
  readonly watch: WatchScope;
  readonly mirror: string;
  /** A folder of files with Git credentials. */
  readonly credentials?: string;
  readonly host: string;
  readonly port: number;
  /** Milliseconds. */
  readonly poll: number;
  readonly namespace: string;
  /** Whose signatures count: a file of SSH keys, and one of GPG's. */
  readonly allowedSigners?: string;
  readonly allowedKeys?: string;
  /** Nothing is delivered that none of them signed, whatever the repository says. */
  readonly requireSigned?: boolean;
  /** Public keys by which images may be signed: a PEM file, or a folder of such files. */
  readonly allowedImageKeys?: string;
  /** No image runs that none of them signed, whatever the repository says. */
  readonly requireSignedImages?: boolean;
  /** A folder with docker's config.json, for registries that ask who we are. */
  readonly registryCredentials?: string;
  /** Hosts of registries that may be asked without TLS. */
  readonly insecureRegistry?: readonly string[];
  /** A private SSH key for the engine's own commits. */
  readonly signingKey?: string;
  /** Where webhooks of the forge are heard, on the same host; they are not without it. */
  readonly webhookPort?: number;
  /** The file with the secret that webhooks prove themselves by. */
  readonly webhookSecret?: string;
  /** Where people find the status page, for links to it. */
  readonly pageUrl?: string;
  /** Which forge is told by commit statuses, and where its API is; default what follows from the repository's URL. */
  readonly forge?: ForgeKind;
  readonly forgeUrl?: string;
  /** The file with its token; without one no forge is told. */
  readonly forgeToken?: string;
  /** The URL that is told everything, and the file with the secret that this is signed by. */
  readonly notifyUrl?: URL;
  readonly notifySecret?: string;
  /** Whether the cluster is told by Events. */
  readonly events: boolean;
}

/** What a ready engine tells the process that started it. */
export interface EngineReady {
  readonly statusUrl: string;
  readonly webhookUrl?: string;
}

/** What an engine that waits for its turn asks of the API server may take: a third of how long a Lease lasts. */
const leaseBounds = { requestTimeoutMs: 5000, attempts: 1 };

/**
 * `plumb engine`: delivers what the repository says while it leads, and shows what the delivery log says while another does,
 * until it is asked to end. Logs one JSON line an event.
 */
export async function engineCommand(world: World, options: EngineCommandOptions): Promise<number> {
  const { clock, random } = world;
  const ending = world.ending();
  const log = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime });
  const identity = processIdentity(world.env);
  const kube = await openKube(world, options, leaseBounds);
  const git = await openRepository(world, options);
  await checkPrograms(systemProcesses, world.env, options);
  const imageTrust = await imageTrustOf(world, options);
  const view = new EngineView(world, git, options.branch);
  const outside = await openOutside(world, options, git.url, log, () => view.onChange());
  view.untold = outside.untold;
  const leader = new Leader({
    kube,
    clock,
    steadyMs: () => performance.now(),
    random,
    namespace: options.namespace,
    identity: identity.name,
    hasEnded: identity.hasEnded,
    address: () => webhooks?.forOthers,
    onStandby: (why) => {
      log.info({ identity: identity.name, why }, "the engine stands by");
      view.follow(options.poll);
    },
  });
  const server = await serveStatus({
    host: options.host,
    port: options.port,
    clock,
    assets: view.assets,
    current: () => view.document(),
    metrics: () => metricsText({ ...view.metrics(), leads: leader.holds(), ...outside.metrics() }),
    ready: () => view.isReady(),
  });
  view.onChange = () => {
    server.changed();
  };
  const webhooks = await listen(world, options, view, leader);
  const ready: EngineReady = { statusUrl: `http://${options.host}:${server.port}/`, ...webhooks?.address };
  log.info({ repository: git.url, branch: options.branch, ...ready }, "the engine has started");
  await tellReady(ready);
  const term = { world, options, log, git, view, outside, leader, ...(imageTrust === undefined ? {} : { imageTrust }) };
  await leader.run((signal) => lead(term, identity.name, signal), ending);
  view.close();
  outside.close();
  await webhooks?.stop();
  await server.stop();
  git.close();
  kube.close();
  return exitCodeOfEnding(world);
}

/** What outlives the terms in which this process leads. */
interface Term {
  readonly world: World;
  readonly options: EngineCommandOptions;
  readonly log: Log;
  readonly git: Git;
  readonly view: EngineView;
  readonly outside: OpenOutside;
  readonly leader: Leader;
  readonly imageTrust?: ImageTrust;
}

/** One term: an engine with clients of its own, which writes for as long as the Lease is held. */
async function lead(term: Term, identity: string, signal: AbortSignal): Promise<void> {
  const { world, options, log, git, view, outside, leader, imageTrust } = term;
  log.info({ identity }, "the engine leads");
  const kubeconfig = options.clusters ?? options.kubeconfig;
  const guarded = (kube: Kube): Kube => outside.traced(fencedKube(kube, leader.holds));
  // A client of its own for each term: closed, it ends what is still under way when the Lease is lost.
  const own = await openKube(world, options);
  const engine = new Engine({
    ...engineParts(options, view, log),
    ...outside.parts(),
    git: outside.measured(fencedGit(git, leader.holds)),
    trust: trustOf(world, options),
    ...(imageTrust === undefined ? {} : { imageTrust }),
    kube: guarded(own),
    openCluster: async (context) =>
      guarded(await openKube(world, { ...(kubeconfig === undefined ? {} : { kubeconfig }), context })),
    render: renderBeside(signal),
    clock: world.clock,
    random: world.random,
  });
  view.lead(engine, own);
  outside.begin(engine);
  await Promise.race([engine.start(), aborted(signal)]);
  await aborted(signal);
  log.info({ signal: String(world.ending().reason ?? "the Lease was lost") }, "the engine is ending");
  if (!leader.holds()) own.close();
  await outside.end();
  await engine.stop();
  view.standBy();
  own.close();
}

function openRepository(world: World, { repository, mirror, credentials, signingKey }: EngineCommandOptions) {
  return openMirror({
    url: repository,
    folder: resolve(world.cwd, mirror),
    environment: world.env,
    ...(credentials === undefined ? {} : { credentials: resolve(world.cwd, credentials) }),
    ...(signingKey === undefined ? {} : { signingKey: resolve(world.cwd, signingKey) }),
  });
}

function trustOf(world: World, options: EngineCommandOptions): Trust {
  const { allowedSigners, allowedKeys, requireSigned, signingKey } = options;
  const signers = allowedSigners === undefined ? {} : { signers: resolve(world.cwd, allowedSigners) };
  const keys = allowedKeys === undefined ? {} : { keys: resolve(world.cwd, allowedKeys) };
  const allowed = { ...signers, ...keys };
  return {
    allowed,
    allowedNow: () => fingerprint(Object.values(allowed)),
    always: requireSigned === true,
    signsItself: signingKey !== undefined,
  };
}

/** Hears webhooks where a port was named for them. The leader fetches at once, and who stands by tells it. */
async function listen(world: World, options: EngineCommandOptions, view: EngineView, leader: Leader) {
  const { host, webhookPort: port, webhookSecret: secretFile } = options;
  if (port === undefined && secretFile === undefined) return undefined;
  if (port === undefined || secretFile === undefined) {
    throw new ProblemError({
      code: "webhook-half-named",
      message: "A webhook needs both a port and a secret.",
      remedy: "Give --webhook-port and --webhook-secret, or neither.",
    });
  }
  const file = resolve(world.cwd, secretFile);
  const webhooks = await listenForWebhooks({
    host,
    port,
    secretFile: file,
    clock: world.clock,
    onPush: async (isPassedOn) => {
      if (view.refresh()) return true;
      const address = isPassedOn ? undefined : leader.leaderAddress();
      return address !== undefined && passOn(address, file);
    },
  });
  const urlAt = (name: string): string =>
    `http://${name.includes(":") ? `[${name}]` : name}:${webhooks.port}${webhookPath}`;
  // What is heard on every address of a pod is reached by the pod's own.
  const isAny = host === "0.0.0.0" || host === "::";
  const reached = isAny ? world.env["POD_IP"] : host;
  return {
    address: { webhookUrl: urlAt(host) },
    forOthers: reached === undefined || reached === "" ? undefined : urlAt(reached),
    stop: () => webhooks.stop(),
  };
}

/** Where the engine logs to: one JSON line an event. */
export type Log = Pick<ReturnType<typeof pino>, "info" | "warn" | "error">;

/** How an engine tells what it does. */
function engineParts(
  options: EngineCommandOptions,
  view: EngineView,
  log: Log,
): Omit<EngineOptions, "git" | "kube" | "clock" | "random"> {
  return {
    branch: options.branch,
    pollMs: options.poll,
    namespace: options.namespace,
    watchScope: options.watch,
    logFiles: (snapshot, id) =>
      logFiles({ assets: view.assets, documentOf: (shown) => view.documentOf(shown) }, snapshot, id),
    onChange: () => {
      view.onChange();
    },
    onDecision: (record) => {
      const { application, revision, outcome, reason, message, promotion } = record;
      const promoted = promotion && { promotion: promotionSentence(promotion) };
      const delivery = deliveryId(record);
      log.info({ application, delivery, revision: revision.commit, outcome, reason, ...promoted }, message);
    },
    onTrouble: (what, { code, where, remedy, message }, record) => {
      log.warn({ what, ...(record ? { delivery: deliveryId(record) } : {}), code, where, remedy }, message);
    },
  };
}
