import { randomInt, randomUUID } from "node:crypto";
import type { DeleteOptions, KubeObject } from "../client.ts";
import type { Resource } from "./resource-table.ts";
import { type JsonMap, sameJson, type StoredObject, without } from "./stored-object.ts";

type Metadata = KubeObject["metadata"];

/** Seconds since the epoch as Kubernetes writes a time: RFC 3339 in UTC, without fractions. */
export function timeText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

const nameAlphabet = "bcdfghjklmnpqrstvwxz2456789";
const longestBase = 58;

/** The name that generateName asks for: its base and five random characters that spell no word. */
export function generatedName(base: string): string {
  const suffix = Array.from({ length: 5 }, () => nameAlphabet[randomInt(nameAlphabet.length)]).join("");
  return base.slice(0, longestBase) + suffix;
}

const serverSet = [
  "resourceVersion",
  "selfLink",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "generation",
] as const;

/** A new object with what the server alone decides: uid, times, generation, an empty status. */
export function prepareCreate(resource: Resource, body: StoredObject, namespace: string, nowMs: number): StoredObject {
  const { name, ...rest } = without(body.metadata, ...serverSet, "namespace");
  const generated = name === undefined || name === "" ? rest.generateName && generatedName(rest.generateName) : name;
  const metadata: Metadata = {
    ...(generated ? { name: generated } : {}),
    ...(namespace === "" ? {} : { namespace }),
    ...rest,
    uid: randomUUID(),
    creationTimestamp: timeText(nowMs),
    ...(countsGeneration(resource) ? { generation: 1 } : {}),
  };
  const kept = resource.subresources.includes("status") ? without(body, "status") : body;
  return { ...kept, kind: resource.kind, apiVersion: resource.apiVersion, metadata };
}

function countsGeneration(resource: Resource): boolean {
  return resource.generation || resource.custom !== undefined;
}

/** The new state of an object after a write to it or to a subresource, with what such a write may not change put back. */
export function prepareUpdate(
  resource: Resource,
  live: StoredObject,
  body: StoredObject,
  subresource: string | undefined,
): StoredObject {
  const metadata = keepMetadata(live.metadata, body.metadata);
  if (subresource === "status") {
    const heldBack = ["labels", "ownerReferences", "finalizers"] as const;
    const held = Object.fromEntries(
      heldBack.flatMap((key) => (key in live.metadata ? [[key, live.metadata[key]]] : [])),
    );
    return withStatus({ ...live, metadata: { ...without(metadata, ...heldBack), ...held } }, body.status);
  }
  if (subresource === "finalize") return { ...live, spec: body.spec ?? {} };
  const given: StoredObject = { ...body, kind: resource.kind, apiVersion: resource.apiVersion, metadata };
  // What a namespace still waits for is only told through its finalize subresource.
  const next = resource.subresources.includes("finalize") && live.spec ? { ...given, spec: live.spec } : given;
  const settled = resource.subresources.includes("status") ? withStatus(next, live.status) : next;
  const bumped = countsGeneration(resource) && specChanged(resource, live, settled);
  return bumped ? withGeneration(settled, (live.metadata.generation ?? 0) + 1) : settled;
}

function withStatus(object: StoredObject, status: JsonMap | undefined): StoredObject {
  return status === undefined ? (without(object, "status") as StoredObject) : { ...object, status };
}

function withGeneration(object: StoredObject, generation: number): StoredObject {
  return { ...object, metadata: { ...object.metadata, generation } };
}

/** True when anything but metadata and (where it is a subresource) status differs: what generation counts. */
function specChanged(resource: Resource, a: StoredObject, b: StoredObject): boolean {
  const counted = resource.subresources.includes("status") ? ["status"] : [];
  const bare = (object: StoredObject): JsonMap => without(object, "metadata", "apiVersion", ...counted);
  // Which node a pod is bound to is no change of what is wanted.
  if (resource.qualifiedName === "pods" && a.spec?.["nodeName"] === undefined) {
    return !sameJson(a.spec, b.spec && without(b.spec, "nodeName"));
  }
  // A Deployment's annotations are copied to its ReplicaSets, so that they count there.
  if (resource.qualifiedName === "deployments.apps" && !sameJson(a.metadata.annotations, b.metadata.annotations)) {
    return true;
  }
  return !sameJson(bare(a), bare(b));
}

const serverOwned = [
  "name",
  "namespace",
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "selfLink",
  "generateName",
] as const;

function keepMetadata(live: Metadata, given: Metadata): Metadata {
  const kept = Object.fromEntries(
    serverOwned.flatMap((key) => (live[key] === undefined ? [] : [[key, live[key]]])),
  ) as Metadata;
  const free = Object.fromEntries(
    Object.entries(given).filter(([key]) => !(serverOwned as readonly string[]).includes(key)),
  ) as Metadata;
  return { ...kept, ...free };
}

/** True when nothing but time stamps of managed fields would change, so that the write can be left out. */
export function isNoOp(live: StoredObject, next: StoredObject): boolean {
  return sameJson(withoutFieldTimes(live), withoutFieldTimes(next));
}

function withoutFieldTimes(object: StoredObject): StoredObject {
  const entries = object.metadata.managedFields;
  if (!entries) return object;
  const managedFields = entries.map((entry) => without(entry, "time"));
  return { ...object, metadata: { ...object.metadata, managedFields } };
}

/** What a deletion does: the object as it stays for now, and whether it goes at once. */
export interface DeletionStep {
  readonly object: StoredObject;
  readonly remove: boolean;
}

/** The first step of a deletion: finalizers by propagation, then a grace period, or the end. Pure. */
export function planDeletion(
  resource: Resource,
  live: StoredObject,
  options: DeleteOptions,
  nowMs: number,
): DeletionStep {
  const finalizers = finalizersFor(live.metadata.finalizers ?? [], options.propagation);
  const grace = resource.graceful ? graceOf(live, options) : 0;
  const metadata = without(live.metadata, "finalizers");
  const object = { ...live, metadata: { ...metadata, ...(finalizers.length > 0 ? { finalizers } : {}) } };
  if (grace === 0 && finalizers.length === 0 && !hasSpecFinalizers(live)) {
    return { object: resource.graceful ? marked(object, 0, nowMs) : object, remove: true };
  }
  if (live.metadata.deletionTimestamp !== undefined) {
    const before = live.metadata.deletionGracePeriodSeconds ?? 0;
    if (grace >= before) return { object, remove: false };
    const endsAt = Date.parse(live.metadata.deletionTimestamp) - (before - grace) * 1000;
    return { object: marked(object, grace, endsAt), remove: false };
  }
  return { object: marked(object, grace, nowMs + grace * 1000), remove: false };
}

/** True when an object that is being deleted has nothing left to wait for. */
export function deletionIsDue(object: StoredObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds, finalizers } = object.metadata;
  if (deletionTimestamp === undefined || (finalizers?.length ?? 0) > 0) return false;
  return (deletionGracePeriodSeconds ?? 0) === 0 && !hasSpecFinalizers(object);
}

function marked(object: StoredObject, grace: number, endsAtMs: number): StoredObject {
  const { generation, deletionTimestamp } = object.metadata;
  // These two keep the marks of their deletion themselves.
  const isOwn = object.kind === "Namespace" || object.kind === "CustomResourceDefinition";
  const isNew = generation !== undefined && deletionTimestamp === undefined;
  const bumped = isNew && !isOwn ? { generation: generation + 1 } : {};
  const ending = hasSpecFinalizers(object) ? { status: { ...object.status, phase: "Terminating" } } : {};
  return {
    ...object,
    ...ending,
    metadata: {
      ...object.metadata,
      ...bumped,
      deletionTimestamp: timeText(endsAtMs),
      ...(isOwn ? {} : { deletionGracePeriodSeconds: grace }),
    },
  };
}

function finalizersFor(given: readonly string[], propagation: DeleteOptions["propagation"]): string[] {
  if (propagation === undefined) return [...given];
  const others = given.filter((finalizer) => finalizer !== "foregroundDeletion" && finalizer !== "orphan");
  if (propagation === "Foreground") return [...others, "foregroundDeletion"];
  if (propagation === "Orphan") return [...others, "orphan"];
  return others;
}

/** Seconds that a pod has to end: none when it never reached a node or is over already. */
function graceOf(pod: StoredObject, options: DeleteOptions): number {
  if (pod.spec?.["nodeName"] === undefined || pod.spec["nodeName"] === "") return 0;
  if (pod.status?.["phase"] === "Failed" || pod.status?.["phase"] === "Succeeded") return 0;
  const own = pod.spec["terminationGracePeriodSeconds"];
  return Math.max(0, options.gracePeriodSeconds ?? (typeof own === "number" ? own : 30));
}

/** Namespaces are finalized in their spec: they stay until what is in them is gone. */
function hasSpecFinalizers(object: StoredObject): boolean {
  const finalizers = object.kind === "Namespace" ? object.spec?.["finalizers"] : undefined;
  return Array.isArray(finalizers) && finalizers.length > 0;
}
