import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Engine, EngineOptions } from "../engine/engine.ts";
import type { Clock } from "../io/clock/clock.ts";
import type { Git } from "../io/git/git.ts";
import { systemHttp } from "../io/http/system-http.ts";
import type { Kube } from "../io/kube/kube.ts";
import { openTracer } from "../io/trace/open-telemetry.ts";
import { tracedKube } from "../io/trace/traced-kube.ts";
import { deliveryAttribute } from "../io/trace/tracer.ts";
import type { DeliverySpan, SpanAttributes, Tracer } from "../io/trace/tracer.ts";
import { deliveryId } from "../model/delivery-id.ts";
import type { Notice, Receiver } from "../model/notice.ts";
import type { DeliveryRecord } from "../model/record.ts";
import { ProblemError } from "../model/problem.ts";
import { countNews, engineMeter, introduce } from "../status/delivery-meter.ts";
import type { EngineMeter } from "../status/delivery-meter.ts";
import type { Untold } from "../status/document.ts";
import { tellEvents } from "../status/events.ts";
import { findForge } from "../status/forge/find-forge.ts";
import { tellForge } from "../status/forge/tell-forge.ts";
import type { MetricsSource } from "../status/metrics.ts";
import { Outside } from "../status/outside.ts";
import type { OutsideOptions } from "../status/outside.ts";
import { tellWebhook } from "../status/tell-webhook.ts";
import type { EngineCommandOptions, Log } from "./engine.ts";
import { packageVersion } from "./package-root.ts";
import type { World } from "./world.ts";

/** What an engine tells the outside and counts, over all the terms in which it leads. */
export interface OpenOutside {
  /** What an engine has to be made with. */
  readonly parts: () => Pick<EngineOptions, "onPass" | "aroundPass">;
  /** The same repository, whose fetches and pushes are measured. */
  readonly measured: (git: Git) => Git;
  /** The same cluster, whose requests are spans. */
  readonly traced: (kube: Kube) => Kube;
  readonly metrics: () => Pick<MetricsSource, "meter" | "receivers">;
  /** Who cannot be told until a person mends it. */
  readonly untold: () => readonly Untold[];
  /** This process leads, by this engine: from now on it tells. */
  readonly begin: (engine: Engine) => void;
  /** It does not lead any more. */
  readonly end: () => Promise<void>;
  readonly close: () => void;
}

/** Opens the doors to forge, webhook and Events that the options name, and says when `untold` may have changed; throws `ProblemError` where these say too little. */
export async function openOutside(
  world: World,
  options: EngineCommandOptions,
  repository: string,
  log: Log,
  onTold: () => void,
): Promise<OpenOutside> {
  const { clock, random } = world;
  const http = systemHttp({ environment: world.env, ...authorityOf(world, options) });
  const fixed = await receivers(world, options, repository, http);
  const meter = engineMeter();
  const tracer = await openTracer(packageVersion());
  let outside: Outside | undefined;
  return {
    parts: () => ({
      onPass: (_, history) => outside?.see(history),
      aroundPass: ({ application }, work) =>
        tracer.span("pass", { "plumbline.application": application }, async (span) => {
          const beganMs = clock.now();
          const pass = await work();
          meter.count("plumbline_passes_total", { result: pass.trouble ? "trouble" : "done" });
          meter.observe("plumbline_pass_duration_seconds", {}, secondsSince(clock, beganMs));
          const { record } = pass.known;
          if (record) span.set(recordAttributes(record));
          if (pass.trouble) span.fail(pass.trouble.code);
          return pass;
        }),
    }),
    measured: (git) => measuredGit(git, meter, tracer, clock),
    traced: (kube) => tracedKube(kube, tracer),
    metrics: () => ({ meter, receivers: outside?.state() ?? [] }),
    untold: () => outside?.untold() ?? [],
    begin(engine) {
      const events = tellEvents({ place: (id) => engine.clusterOf(id), now: () => clock.now() });
      outside = new Outside({
        receivers: options.events ? [...fixed, events] : fixed,
        clock,
        random,
        ...(options.pageUrl === undefined ? {} : { page: options.pageUrl }),
        onFirst: (record) => introduce(meter, record),
        onNews(news, history, before) {
          countNews(meter, news, history, before);
          for (const notice of news.filter(isDecision)) tracer.delivered(deliverySpan(notice));
        },
        onTold(receiver, notice, told) {
          meter.count("plumbline_notifications_total", { receiver, result: told.kind });
          tellLog(log, receiver, notice, told);
          onTold();
        },
      });
    },
    async end() {
      await outside?.stop();
      outside = undefined;
    },
    close: () => http.close(),
  };
}

function measuredGit(git: Git, meter: EngineMeter, tracer: Tracer, clock: Clock): Git {
  return {
    ...git,
    async fetch() {
      const beganMs = clock.now();
      const result = await tracer.span("git fetch", {}, () => git.fetch());
      meter.count("plumbline_fetches_total", { result: result.ok ? "fetched" : "failed" });
      meter.observe("plumbline_fetch_duration_seconds", {}, secondsSince(clock, beganMs));
      return result;
    },
    push: (commit, branch, expected) =>
      tracer.span("git push", { "plumbline.branch": branch }, () => git.push(commit, branch, expected)),
  };
}

function secondsSince(clock: Clock, sinceMs: number): number {
  return (clock.now() - sinceMs) / 1000;
}

/** A delivery ends with its first decision; what becomes of a failure later is no news of its duration. */
function isDecision({ type, outcome }: Notice): boolean {
  return type === "delivery" && outcome !== "progressing" && outcome !== "rolled-back";
}

function deliverySpan({ delivery, startedAt, at, outcome, reason, application, commit }: Notice): DeliverySpan {
  const about = { "plumbline.outcome": outcome, "plumbline.reason": reason, "plumbline.application": application };
  const attributes = { ...about, [deliveryAttribute]: delivery, "plumbline.commit": commit };
  const failed = outcome !== "healthy" && outcome !== "superseded";
  return { delivery, startedAt, endedAt: at, failed, attributes };
}

function recordAttributes(record: DeliveryRecord): SpanAttributes {
  const { revision, outcome, reason } = record;
  return {
    [deliveryAttribute]: deliveryId(record),
    "plumbline.commit": revision.commit,
    "plumbline.outcome": outcome,
    "plumbline.reason": reason,
  };
}

const tellLog = (log: Log, ...[receiver, notice, told]: Parameters<NonNullable<OutsideOptions["onTold"]>>): void => {
  const { application, delivery, commit, type, outcome } = notice;
  const about = { application, delivery, revision: commit, receiver, type, outcome };
  if (told.kind === "told") return log.info(about, "told");
  if (told.kind === "dropped") return log.warn(about, "not told: too much waited for this receiver");
  const { code, message, remedy } = told.problem;
  if (told.kind === "resting") {
    const rarely = "refused for an hour, so it is tried again with the next delivery, and every six hours";
    return log.error({ ...about, code, remedy }, `not told: ${message}; ${rarely}`);
  }
  log.warn({ ...about, code, remedy }, `${told.kind === "later" ? "not told yet" : "not told"}: ${message}`);
};

async function receivers(
  world: World,
  options: EngineCommandOptions,
  repository: string,
  http: ReturnType<typeof systemHttp>,
): Promise<readonly Receiver[]> {
  const { forge, forgeUrl, forgeToken, notifyUrl, notifySecret } = options;
  const now = (): number => world.clock.now();
  const secretOf = (file: string, option: string) => (): Promise<string> =>
    readSecret(resolve(world.cwd, file), option);
  const found: Receiver[] = [];
  if (forgeToken !== undefined) {
    const token = secretOf(forgeToken, "--forge-token");
    await token();
    found.push(tellForge(findForge(repository, forge, forgeUrl), { http, token, now }));
  } else if (forge !== undefined || forgeUrl !== undefined) {
    throw half("A forge is told with a token only.", "Give --forge-token as well, or neither --forge nor --forge-url.");
  }
  if (notifyUrl !== undefined && notifySecret !== undefined) {
    const secret = secretOf(notifySecret, "--notify-secret");
    await secret();
    found.push(tellWebhook(notifyUrl, { http, secret, now }));
  } else if (notifyUrl !== undefined || notifySecret !== undefined) {
    throw half("What a URL is told is signed.", "Give --notify-url and --notify-secret, or neither.");
  }
  return found;
}

/** The authority that the repository's server is known by is likely that of its forge. */
function authorityOf(world: World, { credentials }: EngineCommandOptions) {
  return credentials === undefined ? {} : { authority: resolve(world.cwd, credentials, "ca.crt") };
}

async function readSecret(file: string, option: string): Promise<string> {
  const secret = await readFile(file, "utf8").then(
    (text) => text.trim(),
    () => "",
  );
  if (secret !== "") return secret;
  throw new ProblemError({
    code: "secret-missing",
    message: `${file}, which ${option} names, holds nothing that can be read.`,
    remedy: "Write the secret there, readable for the engine alone.",
  });
}

function half(message: string, remedy: string): ProblemError {
  return new ProblemError({ code: "outside-half-named", message, remedy });
}
