import { createHash } from "node:crypto";
import type { PodTemplateSpec } from "kubernetes-types/core/v1.js";
import { isDeepStrictEqual } from "node:util";

/** The label that tells the pods of one template from those of another. */
export const hashLabel = "pod-template-hash";

/** Letters and digits that spell no words and cannot be misread, as Kubernetes' generated names use. */
const safeCharacters = "bcdfghjklmnpqrstvwxz2456789";

/** A short name for a template: equal for equal templates whatever the order of keys; `collisions` yields another one. */
export function templateHash(template: PodTemplateSpec, collisions = 0): string {
  const sorted = (_key: string, value: unknown): unknown =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1)))
      : value;
  const text = JSON.stringify([withoutHash(template), collisions], sorted);
  const number = createHash("sha256").update(text).digest().readUInt32BE();
  return Array.from(String(number), (digit) => safeCharacters[digit.charCodeAt(0) % safeCharacters.length]).join("");
}

/** Whether two templates mean the same pods; the hash label does not count. */
export function sameTemplate(one: PodTemplateSpec | undefined, other: PodTemplateSpec | undefined): boolean {
  return isDeepStrictEqual(withoutHash(one), withoutHash(other));
}

function withoutHash({ metadata, ...template }: PodTemplateSpec = {}): PodTemplateSpec {
  const { [hashLabel]: _hash, ...labels } = metadata?.labels ?? {};
  const { creationTimestamp: _time, ...others } = metadata ?? {};
  return { ...template, metadata: { ...others, labels } };
}
