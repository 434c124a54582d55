import type { KubeObject } from "../../client.ts";
import { isMap, type JsonMap, without } from "../json.ts";
import type { Schema } from "../schema.ts";
import { compareValues, fieldSetOf } from "./compare.ts";
import { difference, isEmptySet } from "./field-set.ts";
import { canonicalJson } from "./go-text.ts";
import type { Conflict } from "./owners.ts";

/** Where `kubectl apply` without --server-side keeps what it applied. */
const annotation = "kubectl.kubernetes.io/last-applied-configuration";

/** The most that an object's annotations may hold, in bytes. */
const maxAnnotationBytes = 256 * 1024;

/**
 * The conflicts without fields that client-side apply set and nobody changed since: kubectl moves to server-side apply
 * without fighting itself.
 */
export function withoutLastApplied(
  schema: Schema | undefined,
  live: KubeObject,
  conflicts: readonly Conflict[],
): readonly Conflict[] {
  const lastApplied = parseObject(live.metadata.annotations?.[annotation] ?? "");
  if (lastApplied === undefined) return conflicts;
  const { added, modified, removed } = compareValues(schema, live, lastApplied);
  const set = fieldSetOf(schema, lastApplied);
  const unchanged = [modified, added, removed].reduce((fields, others) => difference(fields, others), set);
  return conflicts
    .map((conflict) => ({ ...conflict, fields: difference(conflict.fields, unchanged) }))
    .filter(({ fields }) => !isEmptySet(fields));
}

function parseObject(text: string): JsonMap | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isMap(value) ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The object with its last-applied annotation, where it has one, set to what was just applied as Go's encoder writes it. */
export function withLastApplied(object: KubeObject, applied: KubeObject): KubeObject {
  if (object.metadata.annotations?.[annotation] === undefined) return object;
  const bare = canonicalJson(withoutAnnotation(applied));
  const text = `${bare.replaceAll(/[<>&]/g, (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`)}\n`;
  const annotations = { ...object.metadata.annotations, [annotation]: text };
  const size = Object.entries(annotations).reduce((sum, entry) => sum + Buffer.byteLength(entry.join("")), 0);
  const isTooLarge = size > maxAnnotationBytes;
  return isTooLarge ? withoutAnnotation(object) : { ...object, metadata: { ...object.metadata, annotations } };
}

function withoutAnnotation(object: KubeObject): KubeObject {
  const { annotations = {}, ...metadata } = object.metadata;
  const others = without(annotations, annotation);
  const isEmpty = Object.keys(others).length === 0;
  return { ...object, metadata: isEmpty ? metadata : { ...metadata, annotations: others } };
}
