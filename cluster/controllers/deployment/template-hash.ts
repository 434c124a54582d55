import type { PodTemplateSpec } from "kubernetes-types/core/v1.js";

/** The label that tells the pods of one template from those of another. */
export const hashLabel = "pod-template-hash";

/** Letters and digits that spell no words and cannot be misread, as Kubernetes' generated names use. */
const safeCharacters = "bcdfghjklmnpqrstvwxz2456789";

/** A short name for a template: equal for equal templates whatever the order of keys; `collisions` yields another one. */
export function templateHash(template: PodTemplateSpec, collisions = 0): string {
  let hash = 0x811c9dc5;
  const suffix = collisions > 0 ? `#${collisions}` : "";
  for (const byte of Buffer.from(canonical(withoutHash(template)) + suffix)) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return Array.from(String(hash), (digit) => safeCharacters[digit.charCodeAt(0) % safeCharacters.length]).join("");
}

/** Whether two templates mean the same pods; the hash label does not count. */
export function sameTemplate(one: PodTemplateSpec | undefined, other: PodTemplateSpec | undefined): boolean {
  return canonical(withoutHash(one)) === canonical(withoutHash(other));
}

function withoutHash(template: PodTemplateSpec | undefined): unknown {
  if (!template) return {};
  const { [hashLabel]: _hash, ...labels } = template.metadata?.labels ?? {};
  return { ...template, metadata: { ...template.metadata, labels, creationTimestamp: undefined } };
}

/** JSON with sorted keys, without what is absent or empty in the same sense. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const entries = Object.entries(value)
    .filter(([, field]) => field !== undefined && field !== null)
    .toSorted(([one], [other]) => (one < other ? -1 : 1));
  return `{${entries.map(([key, field]) => `${JSON.stringify(key)}:${canonical(field)}`).join(",")}}`;
}
