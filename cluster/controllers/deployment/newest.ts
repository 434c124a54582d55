import { ApiError } from "../../client.ts";
import type { Controller } from "../controller.ts";
import { deployments, replicaSets, type Deployment, type ReplicaSet } from "../objects.ts";
import { controllerOf, controllerReference } from "../ownership.ts";
import { isNamespaceGoing } from "../pod-making.ts";
import { newestAnnotations, revisionAnnotation, revisionOf, sameAnnotations, sizeAnnotations } from "./annotations.ts";
import { byAge, newestSize } from "./rollout.ts";
import { conditionOf, newCondition, progressDeadline, withCondition } from "./status.ts";
import { hashLabel, sameTemplate, templateHash } from "./template-hash.ts";

/** A Deployment with its ReplicaSets: the one of the present template, if there is one, and all others. */
export interface Fleet {
  readonly deployment: Deployment;
  readonly newest: ReplicaSet | undefined;
  readonly old: readonly ReplicaSet[];
}

/** A fleet whose newest ReplicaSet exists. */
export interface WholeFleet extends Fleet {
  readonly newest: ReplicaSet;
}

/** Tells the ReplicaSet of the present template (the oldest, should there be several) from the others. */
export function fleetOf(deployment: Deployment, owned: readonly ReplicaSet[]): Fleet {
  const newest = byAge(owned).find((replicaSet) => sameTemplate(replicaSet.spec.template, deployment.spec.template));
  return { deployment, newest, old: owned.filter((replicaSet) => replicaSet !== newest) };
}

/** Writes revision and annotations of the newest ReplicaSet, where it exists, to it and to the Deployment. */
export async function syncRevision(controller: Controller, fleet: Fleet): Promise<Fleet> {
  if (!fleet.newest) return fleet;
  const newest = await syncNewest(controller, fleet.deployment, fleet.newest, nextRevision(fleet.old));
  const deployment = await recordRevision(controller, fleet.deployment, newest);
  return { ...fleet, newest, deployment };
}

/** The same, and creates the ReplicaSet where none has the present template. */
export async function ensureNewest(controller: Controller, fleet: Fleet): Promise<WholeFleet> {
  const synced = await syncRevision(controller, fleet);
  return synced.newest ? { ...synced, newest: synced.newest } : createNewest(controller, fleet);
}

function nextRevision(old: readonly ReplicaSet[]): number {
  return old.reduce((highest, replicaSet) => Math.max(highest, revisionOf(replicaSet)), 0) + 1;
}

async function syncNewest(
  { client }: Controller,
  deployment: Deployment,
  newest: ReplicaSet,
  revision: number,
): Promise<ReplicaSet> {
  const before = newest.metadata.annotations ?? {};
  const annotations = newestAnnotations(deployment, before, revision);
  const minReadySeconds = deployment.spec.minReadySeconds ?? 0;
  const same = sameAnnotations(annotations, before) && (newest.spec.minReadySeconds ?? 0) === minReadySeconds;
  if (same) return newest;
  return client.update(replicaSets, {
    ...newest,
    metadata: { ...newest.metadata, annotations },
    spec: { ...newest.spec, minReadySeconds },
  });
}

async function recordRevision(controller: Controller, deployment: Deployment, newest: ReplicaSet): Promise<Deployment> {
  const revision = newest.metadata.annotations?.[revisionAnnotation] ?? "";
  const known = progressDeadline(deployment) === undefined || conditionOf(deployment.status, "Progressing");
  const found = known
    ? undefined
    : progressing(controller, "FoundNewReplicaSet", `Found new replica set ${of(newest)}`);
  return write(controller, deployment, revision, found);
}

async function createNewest(controller: Controller, { deployment, old }: Fleet): Promise<WholeFleet> {
  const revision = nextRevision(old);
  const wanted = newReplicaSet(deployment, old, revision);
  const created = await createOrFind(controller, deployment, wanted);
  const size = wanted.spec.replicas ?? 0;
  if (created.fresh && size > 0) {
    const message = `Scaled up replica set ${wanted.metadata.name ?? ""} from 0 to ${size}`;
    controller.event(deployment, "Normal", "ScalingReplicaSet", message);
  }
  const tell = created.fresh && progressDeadline(deployment) !== undefined;
  const told = tell
    ? progressing(controller, "NewReplicaSetCreated", `Created new replica set ${of(wanted)}`)
    : undefined;
  const written = await write(controller, deployment, String(revision), told);
  return { deployment: written, newest: created.replicaSet, old };
}

function newReplicaSet(deployment: Deployment, old: readonly ReplicaSet[], revision: number): ReplicaSet {
  const { template, selector, minReadySeconds } = deployment.spec;
  const hash = templateHash(template, deployment.status?.collisionCount);
  const labels = { ...template.metadata?.labels, [hashLabel]: hash };
  return {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: {
      name: `${deployment.metadata.name ?? ""}-${hash}`,
      namespace: deployment.metadata.namespace ?? "",
      labels,
      annotations: { ...newestAnnotations(deployment, {}, revision), ...sizeAnnotations(deployment) },
      ownerReferences: [controllerReference(deployment)],
    },
    spec: {
      replicas: newestSize(deployment, 0, old),
      ...(minReadySeconds !== undefined && { minReadySeconds }),
      selector: { ...selector, matchLabels: { ...selector.matchLabels, [hashLabel]: hash } },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  };
}

interface Created {
  readonly replicaSet: ReplicaSet;
  readonly fresh: boolean;
}

async function createOrFind(controller: Controller, deployment: Deployment, wanted: ReplicaSet): Promise<Created> {
  const { client } = controller;
  try {
    return { replicaSet: await client.create(replicaSets, wanted), fresh: true };
  } catch (error) {
    if (!(error instanceof ApiError) || isNamespaceGoing(error)) throw error;
    if (error.reason !== "AlreadyExists") {
      await tellCreateError(controller, deployment, wanted, error);
      throw error;
    }
    const { namespace = "", name = "" } = wanted.metadata;
    const found = client.get<ReplicaSet>(replicaSets, namespace, name);
    const ours = controllerOf(found)?.uid === deployment.metadata.uid;
    if (found && ours && sameTemplate(found.spec.template, wanted.spec.template)) {
      return { replicaSet: found, fresh: false };
    }
    // Another template has the same hash: the next pass hashes with a higher count.
    const collisionCount = (deployment.status?.collisionCount ?? 0) + 1;
    await client.updateStatus(deployments, { ...deployment, status: { ...deployment.status, collisionCount } });
    throw error;
  }
}

async function tellCreateError(
  controller: Controller,
  deployment: Deployment,
  wanted: ReplicaSet,
  error: ApiError,
): Promise<void> {
  const message = `Failed to create new replica set ${of(wanted)}: ${error.message}`;
  controller.event(deployment, "Warning", "ReplicaSetCreateError", message);
  if (progressDeadline(deployment) === undefined) return;
  const condition = newCondition("Progressing", "False", "ReplicaSetCreateError", message, controller.clock.now());
  const status = withCondition(deployment.status ?? {}, condition);
  if (status !== deployment.status) await controller.client.updateStatus(deployments, { ...deployment, status });
}

type Progressing = ReturnType<typeof newCondition>;

function progressing({ clock }: Controller, reason: string, message: string): Progressing {
  return newCondition("Progressing", "True", reason, message, clock.now());
}

/** One write for both, as the status subresource of a Deployment takes annotations too. */
async function write(
  { client }: Controller,
  deployment: Deployment,
  revision: string,
  condition: Progressing | undefined,
): Promise<Deployment> {
  const before = deployment.status ?? {};
  const status = condition ? withCondition(before, condition) : before;
  const annotations = { ...deployment.metadata.annotations, [revisionAnnotation]: revision };
  if (status === before && deployment.metadata.annotations?.[revisionAnnotation] === revision) return deployment;
  return client.updateStatus(deployments, {
    ...deployment,
    metadata: { ...deployment.metadata, annotations },
    status,
  });
}

function of(object: ReplicaSet): string {
  return `"${object.metadata.name ?? ""}"`;
}
