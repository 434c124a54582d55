import { conditionAt } from "../conditions.ts";
import { writeStatus, type Controller, type Sync } from "../controller.ts";
import { counts, isTerminating, keyOf, pods, replicaSets, type Pod, type ReplicaSet, matches } from "../objects.ts";
import { claim, controllerOf, ownerKeys } from "../ownership.ts";
import { createPods, deletePods, isActive, isReady, newPod, readyCondition } from "../pod-control.ts";
import { podsToDelete } from "./ranking.ts";

/** Keeps as many pods as each ReplicaSet wants. */
export function replicaSetController(controller: Controller): Sync {
  const { client } = controller;
  controller.watch<ReplicaSet>(replicaSets);
  controller.watch<Pod>(pods, ({ now, before }) => {
    if (!now || controllerOf(now)) return ownerKeys("ReplicaSet", now, before);
    const orphanFits = ({ spec }: ReplicaSet): boolean => matches(spec.selector, now.metadata.labels);
    const adopters = client.list<ReplicaSet>(replicaSets, now.metadata.namespace).filter(orphanFits);
    return [...ownerKeys("ReplicaSet", before), ...adopters.map(keyOf)];
  });
  return (namespace, name) => syncReplicaSet(controller, namespace, name);
}

/**
 * One pass. Lists of this client include every write that has returned, and a key never runs twice at a time, so a pass
 * sees all pods that the one before created: upstream's expectations hold without being counted.
 */
async function syncReplicaSet(controller: Controller, namespace: string, name: string): Promise<void> {
  const { client, clock } = controller;
  const replicaSet = client.get<ReplicaSet>(replicaSets, namespace, name);
  if (!replicaSet) return;
  const active = client.list<Pod>(pods, namespace).filter(isActive);
  const owned = await claim(client, pods, replicaSet, replicaSet.spec.selector, active);
  const failure = isTerminating(replicaSet) ? undefined : await manage(controller, replicaSet, owned);

  // The status counts the pods that were there before; those made or deleted just now bring the next pass.
  const latest = client.get<ReplicaSet>(replicaSets, namespace, name);
  if (latest && latest.metadata.uid === replicaSet.metadata.uid) {
    await writeStatus(controller, replicaSets, latest, statusOf(replicaSet, owned, failure, clock.now()));
  }
  const next = owned.map((pod) => availableAtMs(replicaSet, pod)).filter((at) => at > clock.now());
  const soonest = Math.min(...next);
  if (Number.isFinite(soonest)) controller.queue.addAt(keyOf(replicaSet), soonest);
  if (failure) throw failure;
}

async function manage(
  controller: Controller,
  replicaSet: ReplicaSet,
  owned: readonly Pod[],
): Promise<Error | undefined> {
  const missing = (replicaSet.spec.replicas ?? 1) - owned.length;
  if (missing > 0) {
    const pod = newPod(replicaSet, replicaSet.spec.template ?? {});
    return (
      await createPods(
        controller,
        replicaSet,
        Array.from({ length: missing }, () => pod),
      )
    ).failure;
  }
  const doomed =
    missing === 0 ? [] : podsToDelete(owned, related(controller, replicaSet), -missing, controller.clock.now());
  return (await deletePods(controller, replicaSet, doomed)).failure;
}

/** The pods of every ReplicaSet with the same owner. */
function related({ client }: Controller, replicaSet: ReplicaSet): readonly Pod[] {
  const { namespace = "", uid } = replicaSet.metadata;
  const owner = controllerOf(replicaSet)?.uid;
  const siblings = client
    .list<ReplicaSet>(replicaSets, namespace)
    .filter((other) => other.metadata.uid === uid || (owner !== undefined && controllerOf(other)?.uid === owner));
  const uids = new Set(siblings.map(({ metadata }) => metadata.uid));
  return client.list<Pod>(pods, namespace).filter((pod) => uids.has(controllerOf(pod)?.uid));
}

/** When a pod became or becomes available, in ms since the epoch; never while it is not ready. */
function availableAtMs({ spec: { minReadySeconds = 0 } }: ReplicaSet, pod: Pod): number {
  if (!isReady(pod)) return Number.POSITIVE_INFINITY;
  return minReadySeconds === 0 ? 0 : Date.parse(readyCondition(pod)?.lastTransitionTime ?? "") + minReadySeconds * 1000;
}

/** The status that a ReplicaSet's active pods give it; `failure` is why pods could not be created or deleted. */
function statusOf(
  replicaSet: ReplicaSet,
  active: readonly Pod[],
  failure: Error | undefined,
  nowMs: number,
): NonNullable<ReplicaSet["status"]> {
  const { metadata, spec, status } = replicaSet;
  const count = (fits: (pod: Pod) => boolean): number => active.filter(fits).length;
  const known = status?.conditions ?? [];
  const others = known.filter(({ type }) => type !== "ReplicaFailure");
  const reason = active.length < (spec.replicas ?? 1) ? "FailedCreate" : "FailedDelete";
  const failed = failure && conditionAt(["ReplicaFailure", "True", reason, failure.message], nowMs);
  // The first failure stays until there is none.
  const conditions = !failed ? others : others.length < known.length ? known : [...others, failed];
  return {
    replicas: active.length,
    ...counts({
      fullyLabeledReplicas: count((pod) =>
        matches({ matchLabels: spec.template?.metadata?.labels ?? {} }, pod.metadata.labels),
      ),
      readyReplicas: count(isReady),
      availableReplicas: count((pod) => availableAtMs(replicaSet, pod) <= nowMs),
    }),
    observedGeneration: metadata.generation ?? 0,
    ...(conditions.length > 0 && { conditions }),
  };
}
