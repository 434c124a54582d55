import { fieldManager } from "../model/application.ts";
import { isJsonObject } from "../model/json.ts";
import type { Json, JsonObject } from "../model/json.ts";
import { managedFieldsOf } from "../model/kube-object.ts";
import type { KubeObject, ManagedFieldsEntry } from "../model/kube-object.ts";
import type { FieldPath } from "./field-path.ts";

/** A node of fieldsV1. Empty: the field is owned as a whole (a scalar, an atomic or an empty value). */
export type FieldSet = JsonObject;

/**
 * The fields that Plumbline applied, as the server sees them; undefined when it never applied this object under
 * `apiVersion` (the names of fields may be others in another version).
 */
export function appliedFields(live: KubeObject, apiVersion: string): FieldSet | undefined {
  return managedFieldsOf(live).find((entry) => isOurs(entry) && entry.apiVersion === apiVersion)?.fieldsV1;
}

/** The other field managers that own the field or something below it, the latest first. */
export function otherManagersOf(live: KubeObject, path: FieldPath): readonly string[] {
  const others = managedFieldsOf(live).filter((entry) => !isOurs(entry) && contains(entry.fieldsV1, path));
  const latestFirst = others.toSorted((a, b) => compareText(b.time ?? "", a.time ?? "") || compareNames(a, b));
  return [...new Set(latestFirst.map((entry) => entry.manager ?? "unknown"))];
}

/** The members of a set that name fields or items, without the dot that stands for the value itself. */
export function childrenOf(set: FieldSet): readonly string[] {
  return Object.keys(set).filter((segment) => segment !== ".");
}

/** The part of a set below one segment. */
export function below(set: FieldSet | undefined, segment: string): FieldSet | undefined {
  const child: Json | undefined = set?.[segment];
  return isJsonObject(child) ? child : undefined;
}

function isOurs(entry: ManagedFieldsEntry): boolean {
  return entry.manager === fieldManager && entry.operation === "Apply" && (entry.subresource ?? "") === "";
}

/** True when the set holds the path, something below it, or something above it as a whole. */
function contains(set: FieldSet | undefined, path: FieldPath): boolean {
  let current = set;
  for (const segment of path) {
    if (current === undefined) return false;
    if (childrenOf(current).length === 0) return true;
    current = below(current, segment);
  }
  return current !== undefined;
}

function compareNames(left: ManagedFieldsEntry, right: ManagedFieldsEntry): number {
  return compareText(left.manager ?? "", right.manager ?? "");
}

function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
