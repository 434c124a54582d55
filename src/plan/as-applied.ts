import { fieldManager } from "../model/application.ts";
import { isJsonObject } from "../model/json.ts";
import type { Json, JsonObject } from "../model/json.ts";
import type { KubeObject } from "../model/kube-object.ts";
import { declared } from "./differences.ts";
import type { FieldSet } from "./field-set.ts";

/**
 * The object as an API server would have it that took exactly this from Plumbline, and that nobody touched since: what a revision
 * changes of another one is then planned like any change of a cluster, without one.
 */
export function asApplied(object: KubeObject): KubeObject {
  const { apiVersion, metadata } = object;
  const fieldsV1 = fieldsOf(declared(object));
  const ours = { manager: fieldManager, operation: "Apply", apiVersion, fieldsType: "FieldsV1", fieldsV1 };
  return { ...object, metadata: { ...metadata, managedFields: [ours] } };
}

/** What tells the items of Kubernetes' own lists apart, by the first that all of a list have and none has twice. */
const listKeys: readonly (readonly string[])[] = [
  ["name"],
  ["mountPath"],
  ["containerPort", "protocol"],
  ["containerPort"],
  ["port", "protocol"],
  ["port"],
  ["type"],
];

/** The field set of a value: members by name, keyed lists by their keys, everything else as a whole. */
function fieldsOf(value: Json | undefined): FieldSet {
  if (Array.isArray(value)) return itemsOf(value);
  if (!isJsonObject(value)) return {};
  const names = Object.keys(value).filter((name) => value[name] !== undefined);
  return Object.fromEntries(names.map((name) => [`f:${name}`, fieldsOf(value[name])]));
}

function itemsOf(items: readonly Json[]): FieldSet {
  if (items.length === 0 || !items.every(isJsonObject)) return {};
  for (const key of listKeys) {
    const segments = items.map((item) => segmentOf(item, key));
    const distinct = new Set(segments);
    if (distinct.has(undefined) || distinct.size < items.length) continue;
    return Object.fromEntries(items.map((item, index) => [segments[index], { ".": {}, ...fieldsOf(item) }]));
  }
  return {};
}

function segmentOf(item: JsonObject, key: readonly string[]): string | undefined {
  const values = key.map((field) => item[field]);
  const told = values.every((value) => typeof value === "string" || typeof value === "number");
  return told
    ? `k:${JSON.stringify(Object.fromEntries(key.map((field, index) => [field, values[index]])))}`
    : undefined;
}
