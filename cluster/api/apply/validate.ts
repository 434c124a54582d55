import { ApiError, type KubeObject } from "../../client.ts";
import { isList, isMap, type JsonMap, valueAt } from "../json.ts";
import type { Schema } from "../schema.ts";
import { goText } from "./go-text.ts";
import { formOf, isUntyped, itemElement } from "./parts.ts";
import { fieldElement, printElement } from "./path-element.ts";

/** What is applied, as an object. Throws what Kubernetes answers where it is not of the kind, or does not fit its schema. */
export function checkApplied(
  schema: Schema | undefined,
  applied: unknown,
  kind: { readonly apiVersion: string; readonly kind: string },
): KubeObject {
  const given = groupVersionKind(isMap(applied) ? applied : {});
  if (!isMap(applied) || given !== groupVersionKind(kind)) {
    throw new ApiError(400, "BadRequest", `invalid object type: ${given}`);
  }
  if ((valueAt(applied, "metadata.managedFields") ?? null) !== null) {
    throw new ApiError(400, "BadRequest", "metadata.managedFields must be nil");
  }
  const problems = [...problemsOf(schema, applied, "")];
  if (problems.length === 0) return applied as KubeObject;
  const [namespace, name] = ["metadata.namespace", "metadata.name"].map((path) => textOf(valueAt(applied, path)));
  const text = problems.length === 1 ? problems.join("") : ["errors:", ...problems].join("\n  ");
  throw new ApiError(500, "", `failed to create typed patch object (${namespace}/${name}; ${given}): ${text}`);
}

function groupVersionKind({ apiVersion, kind }: JsonMap): string {
  const version = textOf(apiVersion);
  return `${version.includes("/") ? version : `/${version}`}, Kind=${textOf(kind)}`;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** What in an applied value does not fit its schema, each as Kubernetes words it (`.data.a: expected string, got …`). */
function* problemsOf(schema: Schema | undefined, value: unknown, path: string): Generator<string, void> {
  if (value === null || isUntyped(schema)) return;
  const { type } = schema;
  if (type === "array") yield* listProblems(schema, value, path);
  else if (type === "object" || schema.raw.properties) yield* mapProblems(schema, value, path);
  else if (type === "string" && typeof value !== "string") {
    yield `${path}: expected string, got &value.valueUnstructured{Value:${goSyntax(value)}}`;
  } else if ((type === "integer" || type === "number") && typeof value !== "number") {
    yield `${path}: expected numeric (int or float), got ${goType(value)}`;
  } else if ((type === "boolean" && typeof value !== "boolean") || typeof value === "object") {
    yield `${path}: expected ${type ?? "any scalar"}, got &{${goText(value)}}`;
  }
}

function* mapProblems(schema: Schema, value: unknown, path: string): Generator<string, void> {
  if (!isMap(value)) return yield `${path}: expected map, got &{${goText(value)}}`;
  for (const [key, item] of Object.entries(value)) {
    const below = path + printElement(fieldElement(key));
    // Kubernetes stops at the first unknown field of an object.
    if (schema.field(key) === undefined && !schema.freeForm) return yield `${below}: field not declared in schema`;
    yield* problemsOf(schema.field(key), item, below);
  }
}

function* listProblems(schema: Schema, value: unknown, path: string): Generator<string, void> {
  if (!isList(value)) return yield `${path}: expected list, got &{${goText(value)}}`;
  const isAtomic = formOf(schema, value) === "whole";
  const seen = new Set<string>();
  for (const [index, item] of value.entries()) {
    const element = isAtomic ? `i:${index}` : itemElement(schema, item);
    if (typeof element !== "string") return yield `${path}: element ${index}: ${element.problem}`;
    if (seen.has(element)) yield `${path}: duplicate entries for key ${printElement(element)}`;
    seen.add(element);
    yield* problemsOf(schema.items, item, path + printElement(element));
  }
}

/** A value as Go's %#v prints it. */
function goSyntax(value: unknown): string {
  if (value === null) return "interface {}(nil)";
  if (isList(value)) return `[]interface {}{${value.map(goSyntax).join(", ")}}`;
  if (!isMap(value)) return JSON.stringify(value);
  const keys = Object.keys(value).toSorted();
  return `map[string]interface {}{${keys.map((key) => `${JSON.stringify(key)}:${goSyntax(value[key])}`).join(", ")}}`;
}

/** The type that Go decodes a value to, as its %T prints it. */
function goType(value: unknown): string {
  if (typeof value === "string") return "string";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "number") return Number.isInteger(value) ? "int64" : "float64";
  return isList(value) ? "[]interface {}" : "map[string]interface {}";
}
