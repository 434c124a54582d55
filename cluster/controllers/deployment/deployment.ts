import type { DeploymentStatus } from "kubernetes-types/apps/v1.js";
import { isDeepStrictEqual } from "node:util";
import { createController, type Controller, type Surroundings } from "../controller.ts";
import { deployments, isTerminating, keyOf, pods, replicaSets, splitKey } from "../objects.ts";
import type { Deployment, Pod, ReplicaSet } from "../objects.ts";
import { claim, controllerOf } from "../ownership.ts";
import { matches } from "../selector.ts";
import { desiredThen, revisionOf, sameAnnotations, sizeAnnotations } from "./annotations.ts";
import { desiredReplicas } from "./fenceposts.ts";
import { ensureNewest, fleetOf, syncRevision, type Fleet, type WholeFleet } from "./newest.ts";
import { activeOnes, followSize, newestSize, shrinkOld, sizeOf, type Scaling } from "./rollout.ts";
import {
  conditionOf,
  countedStatus,
  isComplete,
  newCondition,
  nextDeadlineMs,
  progressDeadline,
  rolloutStatus,
  withCondition,
} from "./status.ts";

/** Keeps Deployments' ReplicaSets: exchanges templates as the strategy says, scales, and reports. Returns the stop. */
export function startDeployments(surroundings: Surroundings): () => void {
  const controller = createController(surroundings, "deployment-controller", syncDeployment);
  const { queue, client } = controller;
  controller.watch<Deployment>(deployments, (now) => {
    if (now) queue.add(keyOf(now));
  });
  controller.watch<ReplicaSet>(replicaSets, (now, before) => {
    for (const key of ownersOf(client.list<Deployment>(deployments, namespaceOf(now ?? before)), now, before)) {
      queue.add(key);
    }
  });
  controller.watch<Pod>(pods, (now, before) => {
    // Only Recreate cares: it goes on when the last old pod has gone.
    if (now) return;
    const replicaSetName = controllerOf(before)?.name;
    if (!before || replicaSetName === undefined) return;
    const namespace = before.metadata.namespace ?? "";
    const replicaSet = client.get<ReplicaSet>(replicaSets, namespace, replicaSetName);
    const owner = controllerOf(replicaSet);
    if (owner) queue.add(`${namespace}/${owner.name}`);
  });
  return controller.stop;
}

function namespaceOf(object: ReplicaSet | undefined): string {
  return object?.metadata.namespace ?? "";
}

function ownersOf(
  candidates: readonly Deployment[],
  now: ReplicaSet | undefined,
  before: ReplicaSet | undefined,
): ReadonlySet<string> {
  const uids = new Set([controllerOf(now)?.uid, controllerOf(before)?.uid]);
  const orphan = now && !controllerOf(now);
  const owners = candidates.filter(
    ({ metadata, spec }) => uids.has(metadata.uid) || (orphan && matches(spec.selector, now.metadata.labels)),
  );
  return new Set(owners.map(keyOf));
}

async function syncDeployment(controller: Controller, key: string): Promise<void> {
  const { client } = controller;
  const { namespace, name } = splitKey(key);
  const found = client.get<Deployment>(deployments, namespace, name);
  if (!found) return;
  const all = client.list<ReplicaSet>(replicaSets, namespace);
  const owned = await claim(client, replicaSets, found, found.spec.selector, all);
  if (isTerminating(found)) return writeStatus(controller, found, counted(controller, fleetOf(found, owned)));

  const deployment = await notePause(controller, found);
  const fleet = await syncRevision(controller, fleetOf(deployment, owned));
  if (deployment.spec.paused || isScaling(fleet)) return syncSize(controller, fleet);
  if (deployment.spec.strategy?.type === "Recreate") return recreate(controller, fleet);
  return roll(controller, await ensureNewest(controller, fleet));
}

/** Says in the status that the Deployment is paused or goes on, unless it is known to have failed. */
async function notePause({ client, clock }: Controller, deployment: Deployment): Promise<Deployment> {
  const current = conditionOf(deployment.status, "Progressing");
  const paused = deployment.spec.paused === true;
  const noted = current?.reason === "DeploymentPaused";
  if (progressDeadline(deployment) === undefined || current?.reason === "ProgressDeadlineExceeded") return deployment;
  if (paused === noted) return deployment;
  const condition = paused
    ? newCondition("Progressing", "Unknown", "DeploymentPaused", "Deployment is paused", clock.now())
    : newCondition("Progressing", "Unknown", "DeploymentResumed", "Deployment is resumed", clock.now());
  return client.updateStatus(deployments, { ...deployment, status: withCondition(deployment.status ?? {}, condition) });
}

function isScaling({ deployment, newest, old }: Fleet): boolean {
  return activeOnes(newest ? [...old, newest] : old).some((replicaSet) => {
    const then = desiredThen(replicaSet);
    return then !== undefined && then !== desiredReplicas(deployment);
  });
}

async function syncSize(controller: Controller, fleet: Fleet): Promise<void> {
  const scaled = await scaleAll(controller, fleet, followSize(fleet.deployment, fleet.newest, fleet.old));
  if (fleet.deployment.spec.paused) await removeOldRevisions(controller, scaled);
  await writeStatus(controller, scaled.deployment, counted(controller, scaled));
}

async function roll(controller: Controller, fleet: WholeFleet): Promise<void> {
  const { deployment, newest, old } = fleet;
  const to = newestSize(deployment, sizeOf(newest), old);
  if (sizeOf(newest) !== desiredReplicas(deployment) && to !== sizeOf(newest)) {
    return finishPass(controller, await scaleAll(controller, fleet, [{ replicaSet: newest, to }]));
  }
  const scalings = shrinkOld(deployment, newest, old);
  if (scalings.length === 0) await cleanUpWhenComplete(controller, fleet);
  await finishPass(controller, await scaleAll(controller, fleet, scalings));
}

async function recreate(controller: Controller, fleet: Fleet): Promise<void> {
  const active = activeOnes(fleet.old);
  if (active.length > 0) {
    const scalings = active.map((replicaSet) => ({ replicaSet, to: 0 }));
    return finishPass(controller, await scaleAll(controller, fleet, scalings));
  }
  if (hasOldPods(controller, fleet)) return finishPass(controller, fleet);
  const whole = await ensureNewest(controller, fleet);
  const to = desiredReplicas(whole.deployment);
  const scaled = await scaleAll(controller, whole, [{ replicaSet: whole.newest, to }]);
  await cleanUpWhenComplete(controller, scaled);
  await finishPass(controller, scaled);
}

function hasOldPods({ client }: Controller, { deployment, old }: Fleet): boolean {
  if (old.some(({ status }) => (status?.replicas ?? 0) > 0)) return true;
  const uids = new Set(old.map(({ metadata }) => metadata.uid));
  return client
    .list<Pod>(pods, deployment.metadata.namespace)
    .some((pod) => uids.has(controllerOf(pod)?.uid) && !["Failed", "Succeeded"].includes(pod.status?.phase ?? ""));
}

/** Carries scalings out one after the other, and gives the fleet as it is then. */
async function scaleAll(controller: Controller, fleet: Fleet, scalings: readonly Scaling[]): Promise<Fleet> {
  const latest = new Map<string | undefined, ReplicaSet>();
  for (const { replicaSet, to } of scalings) {
    const { uid } = replicaSet.metadata;
    latest.set(uid, await scale(controller, fleet.deployment, latest.get(uid) ?? replicaSet, to));
  }
  const current = (replicaSet: ReplicaSet): ReplicaSet => latest.get(replicaSet.metadata.uid) ?? replicaSet;
  return { ...fleet, newest: fleet.newest && current(fleet.newest), old: fleet.old.map(current) };
}

async function scale(
  controller: Controller,
  deployment: Deployment,
  replicaSet: ReplicaSet,
  to: number,
): Promise<ReplicaSet> {
  const from = sizeOf(replicaSet);
  const before = replicaSet.metadata.annotations ?? {};
  const annotations = { ...before, ...sizeAnnotations(deployment) };
  if (from === to && sameAnnotations(before, annotations)) return replicaSet;
  const scaled = await controller.client.update<ReplicaSet>(replicaSets, {
    ...replicaSet,
    metadata: { ...replicaSet.metadata, annotations },
    spec: { ...replicaSet.spec, replicas: to },
  });
  if (from !== to) {
    const message = `Scaled ${to > from ? "up" : "down"} replica set ${replicaSet.metadata.name ?? ""} from ${from} to ${to}`;
    controller.event(deployment, "Normal", "ScalingReplicaSet", message);
  }
  return scaled;
}

async function cleanUpWhenComplete(controller: Controller, fleet: Fleet): Promise<void> {
  const { deployment } = fleet;
  if (deployment.status && isComplete(deployment, deployment.status)) await removeOldRevisions(controller, fleet);
}

/** Deletes the oldest empty ReplicaSets beyond the revision history limit. */
async function removeOldRevisions({ client }: Controller, { deployment, old }: Fleet): Promise<void> {
  const limit = deployment.spec.revisionHistoryLimit ?? 10;
  const candidates = old.filter((replicaSet) => !isTerminating(replicaSet));
  const surplus = Math.max(0, candidates.length - limit);
  const oldest = candidates.toSorted((a, b) => revisionOf(a) - revisionOf(b)).slice(0, surplus);
  for (const { metadata, spec, status } of oldest) {
    const busy = (status?.replicas ?? 0) > 0 || (spec.replicas ?? 1) > 0;
    if (busy || (metadata.generation ?? 0) > (status?.observedGeneration ?? 0)) continue;
    const { namespace = "", name = "", uid = "" } = metadata;
    await client.delete(replicaSets, namespace, name, { propagation: "Background", uid });
  }
}

async function finishPass(controller: Controller, fleet: Fleet): Promise<void> {
  const status = rolloutStatus({ ...fleet, nowMs: controller.clock.now() });
  await writeStatus(controller, fleet.deployment, status);
  const deadline = nextDeadlineMs(fleet.deployment, status);
  if (deadline !== undefined) controller.queue.addAt(keyOf(fleet.deployment), deadline);
}

function counted({ clock }: Controller, fleet: Fleet): DeploymentStatus {
  return countedStatus({ ...fleet, nowMs: clock.now() });
}

async function writeStatus({ client }: Controller, deployment: Deployment, status: DeploymentStatus): Promise<void> {
  if (isDeepStrictEqual(status, { conditions: [], ...deployment.status })) return;
  await client.updateStatus(deployments, { ...deployment, status });
}
