import { randomInt, randomUUID } from "node:crypto";
import type { DeleteOptions, KubeObject } from "../client.ts";
import { type JsonMap, mapAt, sameJson, valueAt, without } from "./json.ts";
import type { Resource } from "./resource-table.ts";

type Metadata = KubeObject["metadata"];

/** Seconds since the epoch as Kubernetes writes a time: RFC 3339 in UTC, without fractions. */
export function timeText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

const nameAlphabet = "bcdfghjklmnpqrstvwxz2456789";
const longestBase = 58;

/** What a server leaves to chance: uids, and numbers from 0 up to but not `below`. */
export interface Chance {
  readonly uid: () => string;
  readonly number: (below: number) => number;
}

/** Chance as nobody can foresee it. */
export const realChance: Chance = { uid: randomUUID, number: (below) => randomInt(below) };

/** The name that generateName asks for: its base and five random characters that spell no word. */
function generatedName(base: string, chance: Chance): string {
  const suffix = Array.from({ length: 5 }, () => nameAlphabet[chance.number(nameAlphabet.length)]).join("");
  return base.slice(0, longestBase) + suffix;
}

/** Metadata in the order in which Kubernetes writes it, which refusals of patches show. */
const written = [
  "name",
  "generateName",
  "namespace",
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "labels",
  "annotations",
  "ownerReferences",
  "finalizers",
  "managedFields",
] as const;

/** The object with its metadata as it is written, with room for the resourceVersion that it will have. */
export function inOrder(object: KubeObject): KubeObject {
  const metadata: Metadata = { ...object.metadata, resourceVersion: object.metadata.resourceVersion ?? "" };
  const entries = written.flatMap((key) => (metadata[key] === undefined ? [] : [[key, metadata[key]] as const]));
  return { ...object, metadata: Object.fromEntries(entries) as Metadata };
}

/** What the server alone decides, and nobody changes. */
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

/** A new object with what the server alone decides: name, uid, times, generation; without a status. */
export function prepareCreate(
  resource: Resource,
  body: KubeObject,
  namespace: string,
  nowMs: number,
  chance: Chance,
): KubeObject {
  const { name = "", generateName } = body.metadata;
  const metadata: Metadata = {
    ...(name === "" && generateName ? { name: generatedName(generateName, chance) } : name === "" ? {} : { name }),
    ...(namespace === "" ? {} : { namespace }),
    ...(generateName === undefined ? {} : { generateName }),
    ...without(body.metadata, ...serverOwned),
    uid: chance.uid(),
    creationTimestamp: timeText(nowMs),
    ...(countsGeneration(resource) ? { generation: 1 } : {}),
  };
  const kept = hasStatus(resource) ? without(body, "status") : body;
  return { ...kept, kind: resource.kind, apiVersion: resource.apiVersion, metadata };
}

function countsGeneration(resource: Resource): boolean {
  return resource.generation || resource.custom !== undefined;
}

function hasStatus(resource: Resource): boolean {
  return resource.subresources.includes("status");
}

/** The new state of an object after a write to it or to a subresource, with what such a write may not change put back. */
export function prepareUpdate(
  resource: Resource,
  live: KubeObject,
  body: KubeObject,
  subresource: string | undefined,
): KubeObject {
  const metadata = { ...picked(live.metadata, serverOwned), ...without(body.metadata, ...serverOwned) };
  if (subresource === "status") {
    const held = withKept(metadata, live.metadata, ["labels", "ownerReferences", "finalizers"]);
    return withKept({ ...live, metadata: held }, body, ["status"]);
  }
  if (subresource === "finalize") return { ...live, spec: body["spec"] ?? {} };
  // What a namespace still waits for is only told through its finalize subresource.
  const kept = [
    ...(hasStatus(resource) ? ["status"] : []),
    ...(resource.subresources.includes("finalize") ? ["spec"] : []),
  ];
  const given: KubeObject = { ...body, kind: resource.kind, apiVersion: resource.apiVersion, metadata };
  const next = withKept(given, live, kept);
  if (!countsGeneration(resource) || !specChanged(resource, live, next)) return next;
  return { ...next, metadata: { ...next.metadata, generation: (live.metadata.generation ?? 0) + 1 } };
}

function picked<T extends object>(object: T, keys: readonly string[]): Partial<T> {
  const kept = Object.entries(object).filter(([key, value]) => keys.includes(key) && value !== undefined);
  return Object.fromEntries(kept) as Partial<T>;
}

/** The object with some properties as another has them, and without them where it has not. */
function withKept<T extends object>(object: T, other: T, keys: readonly string[]): T {
  return { ...without(object, ...keys), ...picked(other, keys) } as T;
}

/** True when anything but metadata and (where it is a subresource) status differs: what generation counts. */
function specChanged(resource: Resource, before: KubeObject, after: KubeObject): boolean {
  // Which node a pod is bound to is no change of what is wanted.
  if (resource.qualifiedName === "pods" && valueAt(before, "spec.nodeName") === undefined) {
    return !sameJson(before["spec"], without(mapAt(after, "spec"), "nodeName"));
  }
  // A Deployment's annotations are copied to its ReplicaSets, so that they count there.
  const annotations = resource.qualifiedName === "deployments.apps" ? [before, after].map(annotationsOf) : [];
  const uncounted = ["metadata", "apiVersion", ...(hasStatus(resource) ? ["status"] : [])];
  return (
    !sameJson(annotations[0], annotations[1]) || !sameJson(without(before, ...uncounted), without(after, ...uncounted))
  );
}

function annotationsOf({ metadata }: KubeObject): JsonMap | undefined {
  return metadata.annotations;
}

/** True when nothing but time stamps of managed fields would change, so that the write can be left out. */
export function isNoOp(live: KubeObject, next: KubeObject): boolean {
  return sameJson(withoutFieldTimes(live), withoutFieldTimes(next));
}

function withoutFieldTimes(object: KubeObject): KubeObject {
  const managedFields = object.metadata.managedFields?.map((entry) => without(entry, "time"));
  return managedFields ? { ...object, metadata: { ...object.metadata, managedFields } } : object;
}

/** What a deletion does: the object as it stays for now, and whether it goes at once. */
export interface DeletionStep {
  readonly object: KubeObject;
  readonly remove: boolean;
}

/** The first step of a deletion: finalizers by propagation, then a grace period, or the end. Pure. */
export function planDeletion(
  resource: Resource,
  live: KubeObject,
  options: DeleteOptions,
  nowMs: number,
): DeletionStep {
  const finalizers = finalizersFor(live.metadata.finalizers ?? [], options.propagation);
  const grace = resource.graceful ? graceOf(live, options) : 0;
  const metadata = { ...without(live.metadata, "finalizers"), ...(finalizers.length > 0 ? { finalizers } : {}) };
  const object = { ...live, metadata };
  if (grace === 0 && finalizers.length === 0 && !hasSpecFinalizers(live)) {
    return { object: resource.graceful ? marked(object, 0, nowMs) : object, remove: true };
  }
  const { deletionTimestamp, deletionGracePeriodSeconds: before = 0 } = live.metadata;
  if (deletionTimestamp === undefined) return { object: marked(object, grace, nowMs + grace * 1000), remove: false };
  if (grace >= before) return { object, remove: false };
  return { object: marked(object, grace, Date.parse(deletionTimestamp) - (before - grace) * 1000), remove: false };
}

/** True when an object that is being deleted has nothing left to wait for. */
export function deletionIsDue(object: KubeObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, finalizers = [] } = object.metadata;
  const isHeld = finalizers.length > 0 || deletionGracePeriodSeconds > 0 || hasSpecFinalizers(object);
  return deletionTimestamp !== undefined && !isHeld;
}

function marked(object: KubeObject, grace: number, endsAtMs: number): KubeObject {
  const { generation, deletionTimestamp } = object.metadata;
  // These two keep the marks of their deletion themselves.
  const isOwn = object.kind === "Namespace" || object.kind === "CustomResourceDefinition";
  const isNew = generation !== undefined && deletionTimestamp === undefined;
  const ending = hasSpecFinalizers(object) ? { status: { ...mapAt(object, "status"), phase: "Terminating" } } : {};
  const metadata = {
    ...object.metadata,
    ...(isNew && !isOwn ? { generation: generation + 1 } : {}),
    deletionTimestamp: timeText(endsAtMs),
    ...(isOwn ? {} : { deletionGracePeriodSeconds: grace }),
  };
  return { ...object, ...ending, metadata };
}

const byPropagation = { Foreground: ["foregroundDeletion"], Orphan: ["orphan"], Background: [] } as const;

function finalizersFor(given: readonly string[], propagation: DeleteOptions["propagation"]): string[] {
  if (propagation === undefined) return [...given];
  return [...given.filter((one) => one !== "foregroundDeletion" && one !== "orphan"), ...byPropagation[propagation]];
}

/** Seconds that a pod has to end: none when it never reached a node or is over already. */
function graceOf(pod: KubeObject, options: DeleteOptions): number {
  if (!valueAt(pod, "spec.nodeName") || /^(Failed|Succeeded)$/.test(String(valueAt(pod, "status.phase")))) return 0;
  const own = options.gracePeriodSeconds ?? Number(valueAt(pod, "spec.terminationGracePeriodSeconds") ?? 30);
  // What is negative is as short as can be.
  return own < 0 ? 1 : own;
}

/** Namespaces are finalized in their spec: they stay until what is in them is gone. */
function hasSpecFinalizers(object: KubeObject): boolean {
  const finalizers = object.kind === "Namespace" ? valueAt(object, "spec.finalizers") : undefined;
  return Array.isArray(finalizers) && finalizers.length > 0;
}
