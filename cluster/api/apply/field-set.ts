import type { JsonMap } from "../stored-object.ts";
import { isMap } from "./json.ts";
import { compareElements, fieldElement, parseElement, type PathElement, printElement } from "./path-element.ts";

/**
 * A set of field paths as a tree: `members` end here, `children` go on. No child is empty. Values are never changed once
 * they left the function that built them.
 */
export interface FieldSet {
  readonly members: ReadonlySet<PathElement>;
  readonly children: ReadonlyMap<PathElement, FieldSet>;
}

/** A set that is still being built. */
export interface FieldSetDraft extends FieldSet {
  readonly members: Set<PathElement>;
  readonly children: Map<PathElement, FieldSet>;
}

/** A new set to build on. */
export function draftSet(): FieldSetDraft {
  return { members: new Set(), children: new Map() };
}

/** The set without any path. */
export const emptySet: FieldSet = draftSet();

/** Whether no path is in the set. */
export function isEmptySet(set: FieldSet): boolean {
  return set.members.size === 0 && set.children.size === 0;
}

/** A set of the given paths. */
export function setOf(...paths: readonly (readonly PathElement[])[]): FieldSet {
  const root = draftSet();
  for (const path of paths) insertPath(root, path);
  return root;
}

/** A set of fields by their paths with dots, as in `metadata.name`. */
export function fieldsAt(...paths: readonly string[]): FieldSet {
  return setOf(...paths.map((path) => path.split(".").map(fieldElement)));
}

/** Adds one path to a draft all of whose children are drafts too; the empty path is no path. */
export function insertPath(draft: FieldSetDraft, path: readonly PathElement[]): void {
  const last = path.at(-1);
  if (last === undefined) return;
  let node = draft;
  for (const element of path.slice(0, -1)) {
    const child = (node.children.get(element) as FieldSetDraft | undefined) ?? draftSet();
    node.children.set(element, child);
    node = child;
  }
  node.members.add(last);
}

/** Paths that are in either set. */
export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b || isEmptySet(b)) return a;
  if (isEmptySet(a)) return b;
  const children = new Map(a.children);
  for (const [element, child] of b.children) children.set(element, union(children.get(element) ?? emptySet, child));
  return { members: new Set([...a.members, ...b.members]), children };
}

/**
 * Paths of `a` that are not in `b`. What lies below a removed path stays, unless the difference is deep. It is `a` itself
 * where nothing is taken away, so that its encoded form stays known.
 */
export function difference(a: FieldSet, b: FieldSet, isDeep = false): FieldSet {
  const members = [...a.members].filter((element) => !b.members.has(element));
  const children = new Map<PathElement, FieldSet>();
  let isChanged = members.length !== a.members.size;
  for (const [element, child] of a.children) {
    const kept =
      isDeep && b.members.has(element) ? emptySet : difference(child, b.children.get(element) ?? emptySet, isDeep);
    if (kept !== child) isChanged = true;
    if (!isEmptySet(kept)) children.set(element, kept);
  }
  return isChanged ? { members: new Set(members), children } : a;
}

/** Paths that are in both sets. */
export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  return difference(a, difference(a, b));
}

/** Every path in order, as messages show it (`.spec.containers[name="web"].image`): those that end at a node come first. */
export function printPaths(set: FieldSet, prefix = ""): readonly string[] {
  const inOrder = (elements: Iterable<PathElement>): readonly PathElement[] => [...elements].toSorted(compareElements);
  return [
    ...inOrder(set.members).map((element) => prefix + printElement(element)),
    ...inOrder(set.children.keys()).flatMap((element) =>
      printPaths(set.children.get(element) ?? emptySet, prefix + printElement(element)),
    ),
  ];
}

const encoded = new WeakMap<FieldSet, JsonMap>();
const decoded = new WeakMap<JsonMap, FieldSet>();

/** The set in the form of managedFields' fieldsV1. */
export function toFieldsV1(set: FieldSet): JsonMap {
  const known = encoded.get(set);
  if (known !== undefined) return known;
  const result: Record<string, unknown> = {};
  for (const element of [...new Set([...set.members, ...set.children.keys()])].toSorted(compareElements)) {
    const own = set.members.has(element) && set.children.has(element) ? { ".": {} } : {};
    result[element] = { ...own, ...toFieldsV1(set.children.get(element) ?? emptySet) };
  }
  encoded.set(set, result);
  return result;
}

/** Reads fieldsV1; throws a SyntaxError where a key is none of its forms. */
export function fromFieldsV1(fields: JsonMap): FieldSet {
  const known = decoded.get(fields);
  if (known !== undefined) return known;
  const set = draftSet();
  for (const [key, value] of Object.entries(fields)) {
    if (key === ".") continue;
    const element = parseElement(key);
    const below = isMap(value) ? value : {};
    const child = fromFieldsV1(below);
    if (isEmptySet(child) || "." in below) set.members.add(element);
    if (!isEmptySet(child)) set.children.set(element, child);
  }
  decoded.set(fields, set);
  return set;
}
