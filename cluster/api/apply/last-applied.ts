import type { Schema } from "../schema.ts";
import { type JsonMap, without } from "../stored-object.ts";
import { compareValues, fieldSetOf } from "./compare.ts";
import type { Conflict } from "./conflict.ts";
import { difference, isEmptySet } from "./field-set.ts";
import { canonicalJson, isMap } from "./json.ts";

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
  live: JsonMap,
  conflicts: readonly Conflict[],
): readonly Conflict[] {
  const lastApplied = parseObject(annotationsOf(live)[annotation]);
  if (lastApplied === undefined) return conflicts;
  const { added, modified, removed } = compareValues(schema, live, lastApplied);
  const unchanged = [modified, added, removed].reduce(
    (fields, others) => difference(fields, others),
    fieldSetOf(schema, lastApplied),
  );
  return conflicts
    .map((conflict) => ({ ...conflict, fields: difference(conflict.fields, unchanged) }))
    .filter(({ fields }) => !isEmptySet(fields));
}

/** The object with the annotation brought up to what was just applied, in the text of Go's encoder, where it has one. */
export function withLastApplied(object: JsonMap, applied: JsonMap): JsonMap {
  const annotations = annotationsOf(object);
  if (!(annotation in annotations)) return object;
  const others = without(annotations, annotation);
  const bare =
    annotation in annotationsOf(applied)
      ? withAnnotations(applied, without(annotationsOf(applied), annotation))
      : applied;
  const text = canonicalJson(bare).replaceAll(/[<>&]/g, (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`);
  const updated = { ...others, [annotation]: `${text}\n` };
  const size = Object.entries(updated).reduce((sum, entry) => sum + Buffer.byteLength(entry.join("")), 0);
  return withAnnotations(object, size > maxAnnotationBytes ? others : updated);
}

function withAnnotations(object: JsonMap, annotations: JsonMap): JsonMap {
  const metadata = without(metadataOf(object), "annotations");
  const isEmpty = Object.keys(annotations).length === 0;
  return { ...object, metadata: isEmpty ? metadata : { ...metadata, annotations } };
}

function annotationsOf(object: JsonMap): JsonMap {
  const { annotations } = metadataOf(object);
  return isMap(annotations) ? annotations : {};
}

function metadataOf({ metadata }: JsonMap): JsonMap {
  return isMap(metadata) ? metadata : {};
}

function parseObject(text: unknown): JsonMap | undefined {
  if (typeof text !== "string") return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isMap(value) ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
