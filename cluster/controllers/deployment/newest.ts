import { isDeepStrictEqual } from "node:util";
import { ApiError } from "../../client.ts";
import { conditionOf } from "../conditions.ts";
import type { Controller } from "../controller.ts";
import { deployments, replicaSets, type Deployment, type ReplicaSet } from "../objects.ts";
import { controllerOf, controllerReference } from "../ownership.ts";
import { isNamespaceGoing } from "../pod-control.ts";
import { newestAnnotations, revisionAnnotation, revisionOf } from "./revision.ts";
import { byAge, newestSize, sizeAnnotations, sizeOf } from "./sizes.ts";
import { hasDeadline, withCondition, type Said } from "./status.ts";
import { hashLabel, sameTemplate, templateHash } from "./template.ts";

/** A Deployment with its ReplicaSets: the one of the present template, if there is one, and all others. */
export interface Fleet {
  readonly deployment: Deployment;
  readonly newest: ReplicaSet | undefined;
  readonly old: readonly ReplicaSet[];
}

/** A fleet whose newest ReplicaSet exists. */
export type WholeFleet = Fleet & { readonly newest: ReplicaSet };

/** Tells the ReplicaSet of the present template (the oldest, should there be several) from the others. */
export function fleetOf(deployment: Deployment, owned: readonly ReplicaSet[]): Fleet {
  const newest = byAge(owned).find(({ spec }) => sameTemplate(spec.template, deployment.spec.template));
  return { deployment, newest, old: owned.filter((replicaSet) => replicaSet !== newest) };
}

/** Writes revision and annotations of the newest ReplicaSet, where it exists, to it and to the Deployment. */
export async function syncNewest<F extends Fleet>(controller: Controller, fleet: F): Promise<F> {
  const { deployment, newest, old } = fleet;
  if (!newest) return fleet;
  const before = newest.metadata.annotations ?? {};
  const annotations = newestAnnotations(deployment, before, nextRevision(old));
  const { minReadySeconds = 0 } = deployment.spec;
  if (!isDeepStrictEqual(annotations, before) || (newest.spec.minReadySeconds ?? 0) !== minReadySeconds) {
    const metadata = { ...newest.metadata, annotations };
    const spec = { ...newest.spec, minReadySeconds };
    return { ...fleet, newest: await controller.client.update(replicaSets, { ...newest, metadata, spec }) };
  }
  const isKnown = conditionOf(deployment.status?.conditions, "Progressing");
  const found = `Found new replica set "${newest.metadata.name ?? ""}"`;
  const said = isKnown ? undefined : (["Progressing", "True", "FoundNewReplicaSet", found] as const);
  return { ...fleet, deployment: await note(controller, deployment, said, annotations[revisionAnnotation]) };
}

/** Creates the ReplicaSet of the present template where there is none. */
export async function ensureNewest(controller: Controller, fleet: Fleet): Promise<WholeFleet> {
  const { deployment, newest, old } = fleet;
  if (newest) return { ...fleet, newest };
  const revision = nextRevision(old);
  const wanted = newReplicaSet(deployment, old, revision);
  const { name = "" } = wanted.metadata;
  const { replicaSet, isFresh } = await createOrFind(controller, deployment, wanted);
  if (isFresh && sizeOf(wanted) > 0) {
    const message = `Scaled up replica set ${name} from 0 to ${sizeOf(wanted)}`;
    controller.event(deployment, "Normal", "ScalingReplicaSet", message);
  }
  const created = ["Progressing", "True", "NewReplicaSetCreated", `Created new replica set "${name}"`] as const;
  const noted = await note(controller, deployment, isFresh ? created : undefined, String(revision));
  return { deployment: noted, newest: replicaSet, old };
}

function nextRevision(old: readonly ReplicaSet[]): number {
  return 1 + Math.max(0, ...old.map(revisionOf));
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

async function createOrFind(
  controller: Controller,
  deployment: Deployment,
  wanted: ReplicaSet,
): Promise<{ readonly replicaSet: ReplicaSet; readonly isFresh: boolean }> {
  const { client, event } = controller;
  const { namespace = "", name = "" } = wanted.metadata;
  try {
    return { replicaSet: await client.create(replicaSets, wanted), isFresh: true };
  } catch (error) {
    if (!(error instanceof ApiError) || isNamespaceGoing(error)) throw error;
    if (error.reason !== "AlreadyExists") {
      const message = `Failed to create new replica set "${name}": ${error.message}`;
      await note(controller, deployment, ["Progressing", "False", "ReplicaSetCreateError", message]);
      event(deployment, "Warning", "ReplicaSetCreateError", message);
      throw error;
    }
    const found = client.get<ReplicaSet>(replicaSets, namespace, name);
    const isOurs = controllerOf(found)?.uid === deployment.metadata.uid;
    if (found && isOurs && sameTemplate(found.spec.template, wanted.spec.template)) {
      return { replicaSet: found, isFresh: false };
    }
    // Another template has the same hash: the next pass hashes with a higher count.
    const collisionCount = (deployment.status?.collisionCount ?? 0) + 1;
    await client.updateStatus(deployments, { ...deployment, status: { ...deployment.status, collisionCount } });
    throw error;
  }
}

/**
 * Writes a condition (where there is a deadline for progress) and the revision, in one, as the status of a Deployment
 * takes annotations too. As upstream, the pass goes on with the version that it read: what else it has to say of the
 * Deployment conflicts, and is said by the next pass, of what is then.
 */
export async function note(
  { client, clock }: Controller,
  deployment: Deployment,
  said: Said | undefined,
  revision?: string,
): Promise<Deployment> {
  const { metadata, status = {} } = deployment;
  const known = metadata.annotations?.[revisionAnnotation];
  const next = said && hasDeadline(deployment) ? withCondition(status, said, clock.now()) : status;
  if (next === status && (revision ?? known) === known) return deployment;
  const annotations = { ...metadata.annotations, ...(revision !== undefined && { [revisionAnnotation]: revision }) };
  const noted = { ...deployment, metadata: { ...metadata, annotations }, status: next };
  await client.updateStatus(deployments, noted);
  return noted;
}
