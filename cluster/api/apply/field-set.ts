import { isObject, type Json, type JsonObject } from "./json.ts";
import { compareElements, parseElement, type PathElement } from "./path-element.ts";

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

/** Adds one path to a draft all of whose children are drafts too; the empty path is no path. */
export function insertPath(draft: FieldSetDraft, path: readonly PathElement[]): void {
  const last = path.at(-1);
  if (last === undefined) return;
  let node = draft;
  for (const element of path.slice(0, -1)) {
    let child = node.children.get(element) as FieldSetDraft | undefined;
    if (child === undefined) {
      child = draftSet();
      node.children.set(element, child);
    }
    node = child;
  }
  node.members.add(last);
}

/** Attaches a child, unless it is empty. */
export function attachChild(draft: FieldSetDraft, element: PathElement, child: FieldSet): void {
  if (!isEmptySet(child)) draft.children.set(element, child);
}

/** Paths that are in either set. */
export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b || isEmptySet(b)) return a;
  if (isEmptySet(a)) return b;
  const children = new Map(a.children);
  for (const [element, child] of b.children) {
    const mine = children.get(element);
    children.set(element, mine === undefined ? child : union(mine, child));
  }
  return { members: new Set([...a.members, ...b.members]), children };
}

/** Paths of `a` that are not in `b`; what lies below a removed path stays. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  return subtract(a, b, false);
}

/** Paths of `a` that are not in `b` nor below a path of `b`. */
export function deepDifference(a: FieldSet, b: FieldSet): FieldSet {
  return subtract(a, b, true);
}

/** Gives `a` itself back where nothing is taken from it, so that its encoded form stays known. */
function subtract(a: FieldSet, b: FieldSet, isDeep: boolean): FieldSet {
  const result = draftSet();
  let isChanged = false;
  for (const member of a.members) {
    if (b.members.has(member)) isChanged = true;
    else result.members.add(member);
  }
  for (const [element, child] of a.children) {
    const other = b.children.get(element);
    const isGone = isDeep && b.members.has(element);
    const kept = isGone ? emptySet : other === undefined ? child : subtract(child, other, isDeep);
    if (kept !== child) isChanged = true;
    attachChild(result, element, kept);
  }
  return isChanged ? result : a;
}

/** Paths that are in both sets. */
export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  const result = draftSet();
  for (const member of a.members) if (b.members.has(member)) result.members.add(member);
  for (const [element, child] of a.children) {
    const other = b.children.get(element);
    if (other !== undefined) attachChild(result, element, intersection(child, other));
  }
  return result;
}

/** Whether every path of `a` is in `b`. */
export function isSubset(a: FieldSet, b: FieldSet): boolean {
  for (const member of a.members) if (!b.members.has(member)) return false;
  for (const [element, child] of a.children) {
    const other = b.children.get(element);
    if (other === undefined || !isSubset(child, other)) return false;
  }
  return true;
}

/** Whether both sets hold the same paths. */
export function equalSets(a: FieldSet, b: FieldSet): boolean {
  return a === b || (isSubset(a, b) && isSubset(b, a));
}

/** Every path in order: those that end at a node before those that go on below it. */
export function pathsOf(set: FieldSet, prefix: readonly PathElement[] = []): readonly (readonly PathElement[])[] {
  const members = [...set.members].toSorted(compareElements).map((element) => [...prefix, element]);
  const below = [...set.children.keys()]
    .toSorted(compareElements)
    .flatMap((element) => pathsOf(set.children.get(element) ?? emptySet, [...prefix, element]));
  return [...members, ...below];
}

const encoded = new WeakMap<FieldSet, JsonObject>();
const decoded = new WeakMap<JsonObject, FieldSet>();

/** The set in the form of managedFields' fieldsV1. */
export function toFieldsV1(set: FieldSet): JsonObject {
  const known = encoded.get(set);
  if (known !== undefined) return known;
  const result: Record<string, Json> = {};
  const elements = new Set([...set.members, ...set.children.keys()]);
  for (const element of [...elements].toSorted(compareElements)) {
    const child = set.children.get(element);
    if (child === undefined) result[element] = {};
    else result[element] = set.members.has(element) ? { ".": {}, ...toFieldsV1(child) } : toFieldsV1(child);
  }
  encoded.set(set, result);
  return result;
}

/** Reads fieldsV1; throws a SyntaxError where a key is none of its forms. */
export function fromFieldsV1(fields: JsonObject): FieldSet {
  const known = decoded.get(fields);
  if (known !== undefined) return known;
  const set = draftSet();
  for (const [key, value] of Object.entries(fields)) {
    if (key === ".") continue;
    const element = parseElement(key);
    const below = isObject(value) ? value : {};
    const child = fromFieldsV1(below);
    if (isEmptySet(child) || "." in below) set.members.add(element);
    attachChild(set, element, child);
  }
  decoded.set(fields, set);
  return set;
}
