import { isDeepStrictEqual } from "node:util";
import { ApiError } from "../../client.ts";
import { createController, type Controller, type Surroundings } from "../controller.ts";
import { isTerminating, keyOf, pods, replicaSets, splitKey, type Pod, type ReplicaSet } from "../objects.ts";
import { claim, controllerOf } from "../ownership.ts";
import { isNamespaceGoing, newPod, slowStart } from "../pod-making.ts";
import { matches } from "../selector.ts";
import { isActive, podsToDelete } from "./ranking.ts";
import { nextAvailableMs, replicaSetStatus } from "./status.ts";

/** At most so many pods are created or deleted in one pass, as upstream. */
const burst = 500;

/** Keeps as many pods as each ReplicaSet wants. Returns the stop. */
export function startReplicaSets(surroundings: Surroundings): () => void {
  const controller = createController(surroundings, "replicaset-controller", syncReplicaSet);
  const { queue, client } = controller;
  controller.watch<ReplicaSet>(replicaSets, (now) => {
    if (now) queue.add(keyOf(now));
  });
  controller.watch<Pod>(pods, (now, before) => {
    const namespace = (now ?? before)?.metadata.namespace ?? "";
    for (const reference of [controllerOf(now), controllerOf(before)]) {
      if (reference?.kind === "ReplicaSet") queue.add(`${namespace}/${reference.name}`);
    }
    if (!now || controllerOf(now)) return;
    for (const replicaSet of client.list<ReplicaSet>(replicaSets, namespace)) {
      if (matches(replicaSet.spec.selector, now.metadata.labels)) queue.add(keyOf(replicaSet));
    }
  });
  return controller.stop;
}

/**
 * One pass. Lists of this client include every write that has returned, and a key never runs twice at a time, so a pass
 * sees all pods that the one before created: upstream's expectations hold without being counted.
 */
async function syncReplicaSet(controller: Controller, key: string): Promise<void> {
  const { client, clock } = controller;
  const { namespace, name } = splitKey(key);
  const replicaSet = client.get<ReplicaSet>(replicaSets, namespace, name);
  if (!replicaSet) return;
  const active = client.list<Pod>(pods, namespace).filter(isActive);
  const owned = await claim(client, pods, replicaSet, replicaSet.spec.selector, active);
  const failure = isTerminating(replicaSet) ? undefined : await manage(controller, replicaSet, owned);

  // The status counts the pods that were there before; those made or deleted just now bring the next pass.
  const status = replicaSetStatus(replicaSet, owned, failure, clock.now());
  const latest = client.get<ReplicaSet>(replicaSets, namespace, name);
  if (latest?.metadata.uid === replicaSet.metadata.uid && latest && !isDeepStrictEqual(status, latest.status)) {
    await client.updateStatus(replicaSets, { ...latest, status });
  }
  const next = nextAvailableMs(replicaSet, owned, clock.now());
  if (next !== undefined) controller.queue.addAt(key, next);
  if (failure) throw failure;
}

async function manage(
  controller: Controller,
  replicaSet: ReplicaSet,
  owned: readonly Pod[],
): Promise<Error | undefined> {
  const missing = (replicaSet.spec.replicas ?? 1) - owned.length;
  if (missing > 0) return slowStart(Math.min(missing, burst), () => createPod(controller, replicaSet));
  if (missing === 0) return undefined;
  const related = siblingsPods(controller, replicaSet);
  const doomed = podsToDelete(owned, related, Math.min(-missing, burst), controller.clock.now());
  const failures = await Promise.all(doomed.map((pod) => deletePod(controller, replicaSet, pod)));
  return failures.find((failure) => failure !== undefined);
}

async function createPod(controller: Controller, replicaSet: ReplicaSet): Promise<Error | undefined> {
  const pod = newPod(replicaSet, replicaSet.spec.template ?? {});
  return tell(controller, replicaSet, "Create", async () => {
    const created = await controller.client.create(pods, pod);
    return `Created pod: ${created.metadata.name ?? ""}`;
  });
}

async function deletePod(controller: Controller, replicaSet: ReplicaSet, pod: Pod): Promise<Error | undefined> {
  const { namespace = "", name = "", uid = "" } = pod.metadata;
  return tell(controller, replicaSet, "Delete", async () => {
    await controller.client.delete(pods, namespace, name, { uid }).catch(ignoreGone);
    return `Deleted pod: ${name}`;
  });
}

async function tell(
  controller: Controller,
  replicaSet: ReplicaSet,
  what: "Create" | "Delete",
  act: () => Promise<string>,
): Promise<Error | undefined> {
  try {
    controller.event(replicaSet, "Normal", `Successful${what}`, await act());
    return undefined;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const doing = what === "Create" ? "creating" : "deleting";
    if (!isNamespaceGoing(error)) {
      controller.event(replicaSet, "Warning", `Failed${what}`, `Error ${doing}: ${error.message}`);
    }
    return error;
  }
}

function siblingsPods({ client }: Controller, replicaSet: ReplicaSet): readonly Pod[] {
  const { namespace = "", uid } = replicaSet.metadata;
  const owner = controllerOf(replicaSet)?.uid;
  const siblings = client
    .list<ReplicaSet>(replicaSets, namespace)
    .filter((other) => other.metadata.uid === uid || (owner !== undefined && controllerOf(other)?.uid === owner));
  const uids = new Set(siblings.map(({ metadata }) => metadata.uid));
  return client.list<Pod>(pods, namespace).filter((pod) => uids.has(controllerOf(pod)?.uid));
}

function ignoreGone(error: unknown): void {
  if (!(error instanceof ApiError && (error.code === 404 || error.code === 409))) throw error;
}
