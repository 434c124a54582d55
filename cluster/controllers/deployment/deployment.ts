import { isDeepStrictEqual } from "node:util";
import { conditionOf } from "../conditions.ts";
import { remove, writeStatus, type Controller, type Sync } from "../controller.ts";
import { deployments, isTerminating, keyOf, pods, replicaSets, matches } from "../objects.ts";
import type { Deployment, Pod, ReplicaSet } from "../objects.ts";
import { claim, controllerOf, ownerKeys } from "../ownership.ts";
import { isOver } from "../pod-control.ts";
import { ensureNewest, fleetOf, note, syncNewest, type Fleet } from "./newest.ts";
import { revisionOf } from "./revision.ts";
import { activeOnes, followSize, isScaledFor, newestSize, shrinkOld, sizeAnnotations, sizeOf } from "./sizes.ts";
import type { Scaling } from "./sizes.ts";
import { countedStatus, isComplete, nextLookMs, rolloutStatus } from "./status.ts";

/** Keeps Deployments' ReplicaSets: exchanges templates as the strategy says, scales, and reports. */
export function deploymentController(controller: Controller): Sync {
  const { client } = controller;
  controller.watch<Deployment>(deployments);
  controller.watch<ReplicaSet>(replicaSets, ({ now, before }) => {
    if (!now || controllerOf(now)) return ownerKeys("Deployment", now, before);
    const adopters = client
      .list<Deployment>(deployments, now.metadata.namespace)
      .filter(({ spec }) => matches(spec.selector, now.metadata.labels));
    return [...ownerKeys("Deployment", before), ...adopters.map(keyOf)];
  });
  controller.watch<Pod>(pods, ({ object, now }) => {
    // Only Recreate cares: it goes on when the last old pod has gone.
    const owner = now ? undefined : controllerOf(object);
    return ownerKeys("Deployment", owner && client.get(replicaSets, object.metadata.namespace ?? "", owner.name));
  });
  return (namespace, name) => syncDeployment(controller, namespace, name);
}

async function syncDeployment(controller: Controller, namespace: string, name: string): Promise<void> {
  const { client } = controller;
  const found = client.get<Deployment>(deployments, namespace, name);
  if (!found) return;
  const all = client.list<ReplicaSet>(replicaSets, namespace);
  const owned = await claim(client, replicaSets, found, found.spec.selector, all);
  if (isTerminating(found)) return writeCounts(controller, await syncNewest(controller, fleetOf(found, owned)));

  const fleet = await syncNewest(controller, fleetOf(await notePause(controller, found), owned));
  const { deployment, newest, old } = fleet;
  const isScaling = activeOnes(newest ? [...old, newest] : old).some((each) => !isScaledFor(each, sizeOf(deployment)));
  if (deployment.spec.paused || isScaling) {
    const scaled = await scaleAll(controller, fleet, followSize(deployment, newest, old));
    if (deployment.spec.paused) await removeOldRevisions(controller, scaled);
    return writeCounts(controller, scaled);
  }
  const isRecreate = deployment.spec.strategy?.type === "Recreate";
  const rolled = await (isRecreate ? recreate(controller, fleet) : roll(controller, fleet));
  const status = rolloutStatus(rolled, controller.clock.now());
  const next = nextLookMs(rolled.deployment, status);
  if (next !== undefined) controller.queue.addAt(keyOf(found), next);
  await writeStatus(controller, deployments, rolled.deployment, status);
}

async function writeCounts(controller: Controller, fleet: Fleet): Promise<void> {
  await writeStatus(controller, deployments, fleet.deployment, countedStatus(fleet, controller.clock.now()));
}

/** Says that the Deployment is paused or goes on, unless it is known to have failed. */
async function notePause(controller: Controller, deployment: Deployment): Promise<Deployment> {
  const reason = conditionOf(deployment.status?.conditions, "Progressing")?.reason;
  const isPaused = deployment.spec.paused === true;
  if (reason === "ProgressDeadlineExceeded" || isPaused === (reason === "DeploymentPaused")) return deployment;
  const [next, message] = isPaused ? ["Paused", "is paused"] : ["Resumed", "is resumed"];
  return note(controller, deployment, ["Progressing", "Unknown", `Deployment${next}`, `Deployment ${message}`]);
}

async function roll(controller: Controller, fleet: Fleet): Promise<Fleet> {
  const whole = await ensureNewest(controller, fleet);
  const { deployment, newest, old } = whole;
  const to = newestSize(deployment, sizeOf(newest), old);
  if (to !== sizeOf(newest)) return scaleAll(controller, whole, [{ replicaSet: newest, to }]);
  const scalings = shrinkOld(deployment, newest, old);
  if (scalings.length === 0) await cleanUpWhenComplete(controller, whole);
  return scaleAll(controller, whole, scalings);
}

async function recreate(controller: Controller, fleet: Fleet): Promise<Fleet> {
  const active = activeOnes(fleet.old);
  if (active.length > 0) {
    return scaleAll(
      controller,
      fleet,
      active.map((replicaSet) => ({ replicaSet, to: 0 })),
    );
  }
  if (hasOldPods(controller, fleet)) return fleet;
  const whole = await ensureNewest(controller, fleet);
  const scaled = await scaleAll(controller, whole, [{ replicaSet: whole.newest, to: sizeOf(whole.deployment) }]);
  await cleanUpWhenComplete(controller, scaled);
  return scaled;
}

function hasOldPods({ client }: Controller, { deployment, old }: Fleet): boolean {
  const uids = new Set(old.map(({ metadata }) => metadata.uid));
  const all = client.list<Pod>(pods, deployment.metadata.namespace);
  return (
    old.some(({ status }) => (status?.replicas ?? 0) > 0) ||
    all.some((pod) => uids.has(controllerOf(pod)?.uid) && !isOver(pod))
  );
}

/** Carries scalings out one after the other, and gives the fleet as it is then. */
async function scaleAll<F extends Fleet>(controller: Controller, fleet: F, scalings: readonly Scaling[]): Promise<F> {
  const latest = new Map<string | undefined, ReplicaSet>();
  const current = (replicaSet: ReplicaSet): ReplicaSet => latest.get(replicaSet.metadata.uid) ?? replicaSet;
  for (const { replicaSet, to } of scalings) {
    latest.set(replicaSet.metadata.uid, await scale(controller, fleet.deployment, current(replicaSet), to));
  }
  return { ...fleet, newest: fleet.newest && current(fleet.newest), old: fleet.old.map(current) };
}

async function scale(
  { client, event }: Controller,
  deployment: Deployment,
  replicaSet: ReplicaSet,
  to: number,
): Promise<ReplicaSet> {
  const from = sizeOf(replicaSet);
  const before = replicaSet.metadata.annotations ?? {};
  const annotations = { ...before, ...sizeAnnotations(deployment) };
  if (from === to && isDeepStrictEqual(annotations, before)) return replicaSet;
  const scaled = await client.update<ReplicaSet>(replicaSets, {
    ...replicaSet,
    metadata: { ...replicaSet.metadata, annotations },
    spec: { ...replicaSet.spec, replicas: to },
  });
  const direction = to > from ? "up" : "down";
  const message = `Scaled ${direction} replica set ${replicaSet.metadata.name ?? ""} from ${from} to ${to}`;
  if (from !== to) event(deployment, "Normal", "ScalingReplicaSet", message);
  return scaled;
}

async function cleanUpWhenComplete(controller: Controller, fleet: Fleet): Promise<void> {
  if (isComplete(fleet.deployment, fleet.deployment.status ?? {})) await removeOldRevisions(controller, fleet);
}

/** Deletes the oldest empty ReplicaSets beyond the revision history limit. */
async function removeOldRevisions(controller: Controller, { deployment, old }: Fleet): Promise<void> {
  const kept = deployment.spec.revisionHistoryLimit ?? 10;
  const oldestFirst = old.filter((each) => !isTerminating(each)).toSorted((a, b) => revisionOf(a) - revisionOf(b));
  for (const replicaSet of oldestFirst.slice(0, Math.max(0, oldestFirst.length - kept))) {
    const { metadata, status } = replicaSet;
    const isBusy = (status?.replicas ?? 0) > 0 || sizeOf(replicaSet) > 0;
    if (isBusy || (metadata.generation ?? 0) > (status?.observedGeneration ?? 0)) continue;
    await remove(controller, replicaSets, replicaSet, { propagation: "Background" });
  }
}
