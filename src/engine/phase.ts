import type { RolloutPolicy } from "../model/application.ts";
import type { PodNames } from "../health/metric-check.ts";
import type { Observation, PodProgress } from "../model/health.ts";
import type { Manifest } from "../model/manifest.ts";
import { refKey } from "../model/object-ref.ts";
import type { CanaryProgress, DeliveryRecord, Replaced } from "../model/record.ts";
import { canaryOf } from "../plan/canary.ts";
import type { Canary } from "../plan/canary.ts";
import { isCanary } from "../plan/canary-copies.ts";
import { withhold } from "../plan/gate-hooks.ts";
import type { FoundApplication } from "../source/deployment.ts";
import type { Io } from "./reconcile.ts";

/** The reason of an object that is changed once the canary has passed. */
export const waitingForCanary = "WaitingForCanary";

/** What of a revision is to be live now: all of it, or first what its canary needs. */
export interface Phase {
  readonly manifests: readonly Manifest[];
  /** What a later pass applies. */
  readonly later: readonly Manifest[];
  /** The gate of this phase. */
  readonly policy: RolloutPolicy;
  /** Set while the canary is tried. */
  readonly canary?: CanaryProgress;
  /** The Deployments that are tried, by the names of their canaries. */
  readonly tried: ReadonlyMap<string, string>;
  /** Services that are asked by another name now. */
  readonly services: ReadonlyMap<string, string>;
}

const nothingTried = { tried: new Map<string, string>(), services: new Map<string, string>() };

/**
 * Where the delivery of a revision stands, from Git and its record alone (behaviour O1): a revision that changes pods of what
 * was healthy is tried by a canary until the record says that it has passed. What goes back, or is there for the first time,
 * has none.
 */
export async function phaseOf(
  io: Pick<Io, "desired" | "live">,
  found: FoundApplication,
  { revision, lastHealthy, outcome, canary }: DeliveryRecord,
  wanted: readonly Manifest[],
): Promise<Phase> {
  const { rollout } = found.application;
  const whole = { manifests: wanted, later: [], policy: rollout, ...nothingTried };
  const isNew = lastHealthy && lastHealthy.tree !== revision.tree && revision.undoes === undefined;
  if (!rollout.canary || !isNew) return whole;
  const before = await io.desired.before(found, lastHealthy);
  const tried = canaryOf(before, wanted, (ref) => io.live.get(ref), rollout.canary);
  if (!tried) return whole;
  // What has failed serves nobody while its rollback is on its way.
  const { manifests } = outcome === "failed" ? atRest(tried) : tried;
  if (canary?.passedAt !== undefined) {
    return outcome === "failed" ? { ...whole, manifests: [...wanted, ...manifests.filter(isOfCanary)] } : whole;
  }
  const { later, services, deployments, pods, beside } = tried;
  const policy = { ...rollout, soakMs: rollout.canary.soakMs };
  return { manifests, later, policy, services, tried: deployments, canary: { pods, beside } };
}

/** What waits for the canary is on its way, and its pods are of the old revision. */
export function markLater(observation: Observation, { later }: Phase): Observation {
  const why = "it is changed once the canary has passed";
  const waiting = new Map(later.map(({ ref }) => [refKey(ref), why]));
  const old = new Set(later.map(({ ref }) => ref.name));
  const pods = observation.pods.map((pod) => (old.has(pod.workload) ? { ...pod, generation: "old" as const } : pod));
  return withhold({ ...observation, pods }, waiting, waitingForCanary);
}

/** What the gate of this phase is about: how the old revision is, which is live beside the canary, decides nothing. */
export function judged({ objects, pods }: Observation): Observation {
  return { objects: objects.filter(({ health }) => health.reason !== waitingForCanary), pods };
}

function isOfCanary({ object }: Manifest): boolean {
  return object.kind === "Deployment" && isCanary(object);
}

function atRest(canary: Canary): Canary {
  const manifests = canary.manifests.map((manifest): Manifest => {
    if (!isOfCanary(manifest)) return manifest;
    const { object } = manifest;
    return { ...manifest, object: { ...object, spec: { ...(object["spec"] as object), replicas: 0 } } };
  });
  return { ...canary, manifests };
}

/** The pods that a check may name: of the canary and of what it is tried beside, or else all new ones and those they replaced. */
export function podsOf({ pods }: Observation, { tried }: Phase, replaced: Replaced | undefined): PodNames {
  const serving = pods.filter(({ phase }) => phase !== "Terminating");
  const names = (fits: (pod: PodProgress) => boolean): readonly string[] =>
    serving.filter(fits).map(({ name }) => name);
  if (tried.size === 0) {
    const now = names((pod) => pod.generation === "new");
    return replaced ? { now, before: replaced.pods, beforeMs: Date.parse(replaced.at) } : { now, before: [] };
  }
  const beside = new Set(tried.values());
  return { now: names(({ workload }) => tried.has(workload)), before: names(({ workload }) => beside.has(workload)) };
}
