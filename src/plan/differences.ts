import { isJsonObject, jsonEqual } from "../model/json.ts";
import type { Json, JsonObject } from "../model/json.ts";
import type { KubeObject } from "../model/kube-object.ts";
import type { Declared } from "../model/manifest.ts";
import type { FieldPath } from "./field-path.ts";
import { below, childrenOf } from "./field-set.ts";
import type { FieldSet } from "./field-set.ts";
import { splitOwned } from "./ignored.ts";
import { liveIndexOf, matchItems } from "./list-items.ts";

/**
 * One field on which Git and the cluster do not agree. `value`: it differs; `foreign`: Git declares it and Plumbline does
 * not own it, because it is new in Git or another took it; `surplus`: Plumbline owns it and Git does not declare it any
 * more; `order`: the items are the same in another order.
 */
export interface Difference {
  readonly kind: "value" | "foreign" | "surplus" | "order";
  readonly path: FieldPath;
  readonly desired?: Json | undefined;
  readonly live?: Json | undefined;
}

/**
 * Every difference between what Git declares and what is live, in the order of Git's fields; undefined when Plumbline
 * never applied the object, so that there is nothing to compare by. Knows no schema: the server's own record of what
 * Plumbline applied says where lists have keys and what is atomic. A value that the server writes in another way (1000m is 1)
 * is reported as different; only its dry run can tell. Fields that are left to others are none of it.
 */
export function differences(manifest: Declared, live: KubeObject): readonly Difference[] | undefined {
  const owned = splitOwned(manifest, live)?.own;
  return owned && compareObjects(declared(manifest.object), live, owned, []);
}

/** The same text for the same difference, whatever the order of its values' keys. */
export function differenceKey(difference: Difference): string {
  return JSON.stringify(difference, (_key, member: unknown) => {
    if (!isJsonObject(member)) return member as Json;
    return Object.fromEntries(Object.entries(member).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** Git's fields without the object's identity, which is in the request's path and in no field set. */
export function declared(desired: KubeObject): JsonObject {
  const { apiVersion: _version, kind: _kind, metadata, ...fields } = desired;
  const { name: _name, namespace: _namespace, ...rest } = metadata;
  return Object.keys(rest).length === 0 ? fields : { metadata: rest, ...fields };
}

function compare(
  desired: Json,
  live: Json | undefined,
  owned: FieldSet | undefined,
  path: FieldPath,
): readonly Difference[] {
  if (desired === null) {
    const isNothing = owned === undefined || live === undefined || live === null;
    return isNothing ? [] : [{ kind: "surplus", path, live }];
  }
  if (owned === undefined) return compareForeign(desired, live, path);
  if (childrenOf(owned).length === 0) {
    // The server leaves out what is empty, and still notes whose it is.
    const same = jsonEqual(desired, live) || (live === undefined && isEmpty(desired));
    return same ? [] : [{ kind: "value", path, desired, live }];
  }
  if (Array.isArray(desired)) return compareLists(desired, live, owned, path);
  if (isJsonObject(desired)) return compareObjects(desired, live, owned, path);
  return [{ kind: "value", path, desired, live }];
}

function isEmpty(value: Json): boolean {
  return Array.isArray(value) ? value.length === 0 : isJsonObject(value) && Object.keys(value).length === 0;
}

/** What Git declares below a field that Plumbline does not own at all: reported by field, as far down as fields go. */
function compareForeign(desired: Json, live: Json | undefined, path: FieldPath): readonly Difference[] {
  if (isJsonObject(desired) && isJsonObject(live) && Object.keys(desired).length > 0) {
    return compareObjects(desired, live, {}, path);
  }
  return [{ kind: "foreign", path, desired, live }];
}

function compareObjects(
  desired: JsonObject,
  live: Json | undefined,
  owned: FieldSet,
  path: FieldPath,
): readonly Difference[] {
  const liveFields: JsonObject = isJsonObject(live) ? live : {};
  const found: Difference[] = [];
  for (const [name, value] of Object.entries(desired)) {
    if (value === undefined) continue;
    found.push(...compare(value, liveFields[name], below(owned, `f:${name}`), [...path, `f:${name}`]));
  }
  for (const segment of childrenOf(owned)) {
    const name = segment.slice(2);
    if (desired[name] === undefined) found.push({ kind: "surplus", path: [...path, segment], live: liveFields[name] });
  }
  return found;
}

function compareLists(
  desired: readonly Json[],
  live: Json | undefined,
  owned: FieldSet,
  path: FieldPath,
): readonly Difference[] {
  const { items, left } = matchItems(desired, childrenOf(owned));
  const found: Difference[] = [];
  const places: number[] = [];
  for (const { item, segment } of items) {
    if (segment === undefined) {
      found.push({ kind: "foreign", path: [...path, namingSegment(item)], desired: item });
      continue;
    }
    const place = liveIndexOf(live, segment);
    const liveItem = Array.isArray(live) ? (live as readonly Json[])[place] : undefined;
    if (place >= 0) places.push(place);
    found.push(...compareItem(item, liveItem, owned, [...path, segment]));
  }
  for (const segment of left) found.push({ kind: "surplus", path: [...path, segment] });
  const ordered = places.every((place, index) => index === 0 || place > (places[index - 1] ?? -1));
  if (found.length === 0 && !ordered) found.push({ kind: "order", path, desired, live });
  return found;
}

/** An item of a set is its own value; an item of a keyed list is compared field by field. */
function compareItem(item: Json, live: Json | undefined, owned: FieldSet, path: FieldPath): readonly Difference[] {
  const segment = path.at(-1) ?? "";
  if (live === undefined) return [{ kind: "value", path, desired: item, live }];
  if (segment.startsWith("v:")) return [];
  return compare(item, live, below(owned, segment), path);
}

/** A segment for an item that the server does not know: by its name, or its whole value where it has none. */
function namingSegment(item: Json): string {
  if (isJsonObject(item) && typeof item["name"] === "string") return `k:${JSON.stringify({ name: item["name"] })}`;
  return `v:${isJsonObject(item) || Array.isArray(item) ? "new item" : JSON.stringify(item)}`;
}
