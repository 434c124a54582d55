import type { Conflict } from "./conflict.ts";
import { compareValues } from "./compare.ts";
import { difference, type FieldSet, isEmptySet } from "./field-set.ts";
import { fieldSetOf } from "./field-set-of.ts";
import { canonicalJson, isObject, type Json, type JsonObject } from "./json.ts";
import type { Structure } from "./structure.ts";

/** Where `kubectl apply` without --server-side keeps what it applied. */
const annotation = "kubectl.kubernetes.io/last-applied-configuration";

/** The most that an object's annotations may hold, in bytes. */
const maxAnnotationBytes = 256 * 1024;

/**
 * The conflicts without fields that client-side apply set and nobody changed since: kubectl moves to server-side apply
 * without fighting itself.
 */
export function withoutLastApplied(
  structure: Structure,
  live: JsonObject,
  conflicts: readonly Conflict[],
): readonly Conflict[] {
  const allowed = unchangedLastApplied(structure, live);
  if (allowed === undefined) return conflicts;
  return conflicts
    .map((conflict) => ({ ...conflict, fields: difference(conflict.fields, allowed) }))
    .filter(({ fields }) => !isEmptySet(fields));
}

function unchangedLastApplied(structure: Structure, live: JsonObject): FieldSet | undefined {
  const text = annotationsOf(live)[annotation];
  const lastApplied = typeof text === "string" ? parseObject(text) : undefined;
  if (lastApplied === undefined) return undefined;
  const { added, modified, removed } = compareValues(structure, live, lastApplied);
  return [modified, added, removed].reduce(difference, fieldSetOf(structure, lastApplied));
}

/** The object with the annotation brought up to what was just applied, where it has one. */
export function withLastApplied(object: JsonObject, applied: JsonObject): JsonObject {
  const annotations = annotationsOf(object);
  if (!(annotation in annotations)) return object;
  const updated = { ...annotations, [annotation]: `${canonicalJson(withoutAnnotation(applied))}\n` };
  const { [annotation]: _, ...others } = updated;
  return withAnnotations(object, isTooLarge(updated) ? others : updated);
}

function withoutAnnotation(applied: JsonObject): JsonObject {
  const annotations = annotationsOf(applied);
  if (!(annotation in annotations)) return applied;
  const { [annotation]: _, ...others } = annotations;
  return withAnnotations(applied, others);
}

function withAnnotations(object: JsonObject, annotations: JsonObject): JsonObject {
  const { annotations: _, ...metadata } = isObject(object["metadata"]) ? object["metadata"] : {};
  const isEmpty = Object.keys(annotations).length === 0;
  return { ...object, metadata: isEmpty ? metadata : { ...metadata, annotations } };
}

function annotationsOf(object: JsonObject): JsonObject {
  const metadata = isObject(object["metadata"]) ? object["metadata"] : {};
  return isObject(metadata["annotations"]) ? metadata["annotations"] : {};
}

function isTooLarge(annotations: JsonObject): boolean {
  const texts = Object.entries(annotations)
    .flat()
    .filter((text) => typeof text === "string");
  return texts.reduce((size, text) => size + Buffer.byteLength(text), 0) > maxAnnotationBytes;
}

function parseObject(text: string): JsonObject | undefined {
  try {
    const value = JSON.parse(text) as Json;
    return isObject(value) ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
