import { isMap, type JsonMap } from "../json.ts";
import { compareElements, fieldElement, parseElement, type PathElement, printElement } from "./path-element.ts";

/**
 * A set of field paths as a tree of their steps; the path to a node is itself in the set where the node has ".". No node
 * is empty but the root. Sets are never changed once they left the function that built them.
 */
export interface FieldSet {
  readonly [step: PathElement]: FieldSet;
}

/** A set that is still being built. */
type Draft = Record<PathElement, FieldSet>;

/** The set without any path. */
export const emptySet: FieldSet = {};

/** Whether no path is in the set. */
export function isEmptySet(set: FieldSet): boolean {
  return Object.keys(set).length === 0;
}

/** A set of the given paths; the empty path is no path. */
export function setOf(paths: Iterable<readonly PathElement[]>): FieldSet {
  const root: Draft = {};
  for (const path of paths) {
    let node = root;
    for (const step of path) node = node[step] ??= {};
    if (path.length > 0) node["."] = emptySet;
  }
  return root;
}

/** A set of fields by their paths with dots, as in `metadata.name`. */
export function fieldsAt(...paths: readonly string[]): FieldSet {
  return setOf(paths.map((path) => path.split(".").map(fieldElement)));
}

/** Paths that are in either set. */
export function union(a: FieldSet, b: FieldSet): FieldSet {
  const both: Draft = { ...a };
  for (const [step, below] of Object.entries(b)) both[step] = union(both[step] ?? emptySet, below);
  return both;
}

/**
 * Paths of `a` that are not in `b`. What lies below a removed path stays, unless the difference is deep. It is `a` itself
 * where nothing is taken away.
 */
export function difference(a: FieldSet, b: FieldSet, isDeep = false): FieldSet {
  const left: Draft = {};
  let isChanged = false;
  for (const [step, below] of Object.entries(a)) {
    const other = b[step];
    const isGone = other !== undefined && (step === "." || (isDeep && "." in other));
    const kept = other === undefined ? below : difference(below, other, isDeep);
    if (isGone || kept !== below) isChanged = true;
    if (!isGone && (kept === below || !isEmptySet(kept))) left[step] = kept;
  }
  return isChanged ? left : a;
}

/** Paths that are in both sets. */
export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  return difference(a, difference(a, b));
}

/** Every path in order, as messages show it (`.spec.containers[name="web"].image`): those that end at a node come first. */
export function printPaths(set: FieldSet, prefix = ""): readonly string[] {
  const steps = stepsOf(set).map((step) => ({ path: prefix + printElement(step), below: set[step] ?? emptySet }));
  const ending = steps.filter(({ below }) => "." in below).map(({ path }) => path);
  return [...ending, ...steps.flatMap(({ path, below }) => printPaths(below, path))];
}

function stepsOf(set: FieldSet): readonly PathElement[] {
  return Object.keys(set)
    .filter((step) => step !== ".")
    .toSorted(compareElements);
}

/** Most owners keep their fields through a write, so that both forms of a set are worth remembering. */
const [encoded, decoded] = [new WeakMap<FieldSet, JsonMap>(), new WeakMap<JsonMap, FieldSet>()];

/** The set in the form of managedFields' fieldsV1, where nodes with nothing below them do without their ".". */
export function toFieldsV1(set: FieldSet): JsonMap {
  const known = encoded.get(set);
  if (known !== undefined) return known;
  const steps = stepsOf(set);
  const own = "." in set && steps.length > 0 ? [[".", {}] as const] : [];
  const below = steps.map((step) => [step, toFieldsV1(set[step] ?? emptySet)] as const);
  const fields = Object.fromEntries([...own, ...below]);
  encoded.set(set, fields);
  return fields;
}

/** Reads fieldsV1; throws a SyntaxError where a key is none of its forms. */
export function fromFieldsV1(fields: JsonMap): FieldSet {
  const known = decoded.get(fields);
  if (known !== undefined) return known;
  const entries = Object.entries(fields).map(([key, value]) => {
    if (key === ".") return [key, emptySet] as const;
    const below = fromFieldsV1(isMap(value) ? value : {});
    return [parseElement(key), isEmptySet(below) ? { ".": emptySet } : below] as const;
  });
  const set = Object.fromEntries(entries);
  decoded.set(fields, set);
  return set;
}
