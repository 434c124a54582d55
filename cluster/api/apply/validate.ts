import { goSyntax, goText, goType } from "./go-text.ts";
import { isList, isObject, type Json } from "./json.ts";
import { itemElement } from "./list-item.ts";
import { fieldElement, printElement } from "./path-element.ts";
import { fieldStructure, shapeFor } from "./shape.ts";
import type { ListStructure, MapStructure, ScalarKind, Structure } from "./structure.ts";

/** What in an applied value does not fit its structure, each as Kubernetes words it (`.data.a: expected string, got …`). */
export function problemsOf(structure: Structure, value: Json): readonly string[] {
  const problems: string[] = [];
  visit(structure, value, "", problems);
  return problems;
}

/** Several problems in one message, as Kubernetes joins them. */
export function joinProblems(problems: readonly string[]): string {
  return problems.length === 1
    ? problems.join("")
    : ["errors:", ...problems.map((problem) => `  ${problem}`)].join("\n");
}

function visit(structure: Structure, value: Json, path: string, problems: string[]): void {
  if (value === null) return;
  const shape = shapeFor(structure, value);
  if (shape.kind === "map") visitMap(shape.map, value, path, problems);
  else if (shape.kind === "list") visitList(shape.list, value, path, problems);
  else if (!fits(shape.scalar, value)) problems.push(`${path}: ${expected(shape.scalar, value)}`);
}

function visitMap(map: MapStructure, value: Json, path: string, problems: string[]): void {
  if (!isObject(value)) {
    problems.push(`${path}: expected map, got &{${goText(value)}}`);
    return;
  }
  for (const key of Object.keys(value)) {
    const below = `${path}${printElement(fieldElement(key))}`;
    const structure = fieldStructure(map, key);
    if (structure === undefined) {
      // Kubernetes stops at the first unknown field of an object.
      problems.push(`${below}: field not declared in schema`);
      return;
    }
    visit(structure, value[key] ?? null, below, problems);
  }
}

function visitList(list: ListStructure, value: Json, path: string, problems: string[]): void {
  if (!isList(value)) {
    problems.push(`${path}: expected list, got &{${goText(value)}}`);
    return;
  }
  const seen = new Set<string>();
  for (const [index, item] of value.entries()) {
    const element = list.relation === "atomic" ? `i:${index}` : itemElement(list, item);
    if (typeof element !== "string") {
      problems.push(`${path}: element ${index}: ${element.problem}`);
      return;
    }
    const printed = printElement(element);
    if (seen.has(element)) problems.push(`${path}: duplicate entries for key ${printed}`);
    seen.add(element);
    visit(list.element, item, `${path}${printed}`, problems);
  }
}

function fits(kind: ScalarKind, value: Json): boolean {
  if (kind === "string") return typeof value === "string";
  if (kind === "numeric") return typeof value === "number";
  if (kind === "boolean") return typeof value === "boolean";
  return typeof value !== "object";
}

function expected(kind: ScalarKind, value: Json): string {
  if (kind === "string") return `expected string, got &value.valueUnstructured{Value:${goSyntax(value)}}`;
  if (kind === "numeric") return `expected numeric (int or float), got ${goType(value)}`;
  return `expected ${kind === "boolean" ? "boolean" : "any scalar"}, got &{${goText(value)}}`;
}
