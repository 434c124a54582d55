import { createHash } from "node:crypto";
import { isJsonObject } from "../model/json.ts";
import type { Json, JsonObject } from "../model/json.ts";
import type { KubeObject } from "../model/kube-object.ts";
import { refKey } from "../model/object-ref.ts";
import type { ObjectRef } from "../model/object-ref.ts";
import type { Plan } from "../model/plan.ts";
import { appliedFields } from "./field-set.ts";

/**
 * What the API server's dry runs have proved to be the same though it is written in another way: by reference, a hash of
 * what Git declares together with what is live. Spares later passes the question (behaviour D7); forgetting it is harmless.
 */
export type Equivalence = ReadonlyMap<string, string>;

/** The equivalence with what an apply has newly proved: `equal` are the references whose dry run changed nothing. */
export function withProofs(known: Equivalence, plan: Plan, equal: readonly ObjectRef[]): Equivalence {
  const keys = new Set(equal.map(refKey));
  const proved = new Map(known);
  for (const { manifest, live } of plan.apply) {
    if (live && keys.has(refKey(manifest.ref))) proved.set(refKey(manifest.ref), proofOf(manifest.object, live));
  }
  return proved;
}

/** True when this very pair was proved equal. */
export function isProved(known: Equivalence, ref: ObjectRef, desired: KubeObject, live: KubeObject): boolean {
  const proof = known.get(refKey(ref));
  return proof !== undefined && proof === proofOf(desired, live);
}

function proofOf(desired: KubeObject, live: KubeObject): string {
  const text = `${canonical(desired)}\n${canonical(projection(live))}\n${canonical(appliedFields(live, desired.apiVersion))}`;
  return createHash("sha256").update(text).digest("base64");
}

/** The live object without what changes while nothing of it is changed. */
function projection(live: KubeObject): JsonObject {
  const { status: _status, metadata, ...fields } = live;
  const { managedFields: _fields, resourceVersion: _version, generation: _generation, ...rest } = metadata;
  return { ...fields, metadata: rest };
}

/** JSON with sorted keys: the same text for the same value. */
function canonical(value: Json | undefined): string {
  return JSON.stringify(value, (_key, member: unknown) => {
    if (!isJsonObject(member)) return member;
    return Object.fromEntries(Object.entries(member).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
  });
}
