import { createHash } from "node:crypto";
import type { KubeObject } from "../model/kube-object.ts";
import { refOf } from "../model/kube-object.ts";
import { refKey } from "../model/object-ref.ts";
import type { ObjectRef } from "../model/object-ref.ts";
import type { Plan } from "../model/plan.ts";
import { differenceKey, differences } from "./differences.ts";
import type { Difference } from "./differences.ts";

/**
 * What the API server has proved to be the same though it is written in another way (1000m is 1): by reference, a hash of the
 * differences that are none. Spares later passes the question (behaviour D7); forgetting it is harmless.
 */
export type Equivalence = ReadonlyMap<string, string>;

/** What an apply has to say of a plan's objects: its answers, and the references whose dry run changed nothing. */
export interface Answered {
  readonly objects: readonly KubeObject[];
  readonly equal: readonly ObjectRef[];
}

/**
 * The equivalence with what an apply has newly proved: where its answer, or what its dry run would not have changed, differs
 * from Git still, that is the server's own way of writing.
 */
export function withProofs(known: Equivalence, plan: Plan, { objects, equal }: Answered): Equivalence {
  const answers = new Map(objects.map((object) => [refKey(refOf(object)), object]));
  const unchanged = new Set(equal.map(refKey));
  const proved = new Map(known);
  for (const { manifest, live } of plan.apply) {
    const key = refKey(manifest.ref);
    const proof = answers.get(key) ?? (unchanged.has(key) ? live : undefined);
    const left = proof && differences(manifest, proof);
    if (left && left.length > 0) proved.set(key, hashOf(left));
  }
  return proved;
}

/** True when these very differences of an object were proved to be none. */
export function isProved(known: Equivalence, ref: ObjectRef, found: readonly Difference[]): boolean {
  return known.get(refKey(ref)) === hashOf(found);
}

function hashOf(found: readonly Difference[]): string {
  return createHash("sha256").update(found.map(differenceKey).join("\n")).digest("base64");
}
