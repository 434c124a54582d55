import { isJsonObject } from "../model/json.ts";
import type { Json, JsonObject } from "../model/json.ts";
import type { FieldStep, FieldSteps } from "../model/ignore-rule.ts";
import type { KubeObject } from "../model/kube-object.ts";
import type { Declared, Manifest } from "../model/manifest.ts";
import { keyOf, valueOf } from "./field-path.ts";
import { appliedFields, below, childrenOf } from "./field-set.ts";
import type { FieldSet } from "./field-set.ts";
import { liveIndexOf } from "./list-items.ts";

/**
 * What Git declares of an object that exists: without the fields that are left to others. One that lies within a value which the
 * API server keeps as a whole stays, since nobody else can own it.
 */
export function declaredOf(manifest: Manifest, live: KubeObject): Manifest {
  const { ignored = [], object } = manifest;
  if (ignored.length === 0) return manifest;
  const owned = appliedFields(live, object.apiVersion);
  const left = without(
    object,
    ignored.map(({ steps }) => steps),
    owned,
  );
  return { ...manifest, object: left as KubeObject };
}

/** The fields that Plumbline applied: those that are its own, and those that are to be left to others. */
export interface Split {
  readonly own: FieldSet;
  readonly ignored: FieldSet;
}

/** Splits what Plumbline applied of an object; undefined when it never applied it. */
export function splitOwned({ ignored = [], object }: Declared, live: KubeObject): Split | undefined {
  const owned = appliedFields(live, object.apiVersion);
  return (
    owned &&
    split(
      owned,
      ignored.map(({ steps }) => steps),
    )
  );
}

/**
 * The object of which another manager must become owner before Plumbline lets these fields go, because the API server removes a
 * value that nobody owns: the values as they are live. Undefined when there is nothing to let go.
 */
export function givenAway(manifest: Declared, live: KubeObject): KubeObject | undefined {
  const ignored = splitOwned(manifest, live)?.ignored ?? {};
  if (childrenOf(ignored).length === 0) return undefined;
  const { metadata, ...fields } = (liveValue(live, ignored) ?? {}) as JsonObject;
  const { namespace, name } = live.metadata;
  return {
    ...fields,
    apiVersion: manifest.object.apiVersion,
    kind: live.kind,
    metadata: { ...(metadata as JsonObject | undefined), name, ...(namespace === undefined ? {} : { namespace }) },
  };
}

function without(value: Json, fields: readonly FieldSteps[], owned: FieldSet | undefined): Json | undefined {
  if (owned && childrenOf(owned).length === 0) return value;
  if (Array.isArray(value)) {
    const items = (value as readonly Json[]).map((item) => next(item, fields, (step) => isItem(item, step), undefined));
    return items.filter((item) => item !== undefined);
  }
  if (!isJsonObject(value)) return value;
  const left = Object.entries(value).map(([name, member]) => {
    return [
      name,
      member === undefined ? member : next(member, fields, (step) => step === name, owned && below(owned, `f:${name}`)),
    ] as const;
  });
  const kept = left.filter(([, member]) => member !== undefined);
  // What was emptied by this says nothing any more; what Git declares empty is left as it is.
  return kept.length === 0 && left.length > 0 ? undefined : Object.fromEntries(kept);
}

/** One member or item without what is ignored of it; undefined when that is all of it. */
function next(
  value: Json,
  fields: readonly FieldSteps[],
  fits: (step: FieldStep) => boolean,
  owned: FieldSet | undefined,
): Json | undefined {
  const rests = restsOf(fields, fits);
  if (rests.length === 0) return value;
  return rests.some((rest) => rest.length === 0) ? undefined : without(value, rests, owned);
}

/** What follows the first step, of those fields whose first step fits. */
function restsOf(fields: readonly FieldSteps[], fits: (step: FieldStep) => boolean): readonly FieldSteps[] {
  return fields.flatMap(([first, ...rest]) => (first !== undefined && fits(first) ? [rest] : []));
}

function isItem(item: Json, step: FieldStep): boolean {
  if (typeof step === "string") return false;
  const wanted = Object.entries(step);
  if (isJsonObject(item)) return wanted.every(([member, text]) => textOf(item[member]) === text);
  return wanted.every(([member, text]) => member === "name" && textOf(item) === text);
}

function textOf(value: Json | undefined): string | undefined {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function split(owned: FieldSet, fields: readonly FieldSteps[]): Split {
  const own: [string, Json | undefined][] = [];
  const ignored: [string, Json | undefined][] = [];
  for (const segment of Object.keys(owned)) {
    const child = below(owned, segment) ?? {};
    const rests = restsOf(fields, (step) => isSegment(segment, step));
    if (rests.some((rest) => rest.length === 0)) ignored.push([segment, child]);
    else if (rests.length === 0) own.push([segment, child]);
    else {
      const parts = split(child, rests);
      const isEmptied = childrenOf(parts.own).length === 0 && childrenOf(child).length > 0;
      if (!isEmptied) own.push([segment, parts.own]);
      if (childrenOf(parts.ignored).length > 0) ignored.push([segment, parts.ignored]);
    }
  }
  return { own: Object.fromEntries(own), ignored: Object.fromEntries(ignored) };
}

function isSegment(segment: string, step: FieldStep): boolean {
  if (segment.startsWith("f:")) return step === segment.slice(2);
  const named = keyOf(segment) ?? valueOf(segment);
  return named !== undefined && isItem(named, step);
}

/** The part of a live value that a field set names, with the keys of the items in it. */
function liveValue(live: Json | undefined, set: FieldSet): Json | undefined {
  const segments = childrenOf(set);
  if (live === undefined || segments.length === 0) return live;
  if (segments.every((segment) => segment.startsWith("f:"))) {
    const members = isJsonObject(live) ? live : {};
    return Object.fromEntries(
      segments.map((segment) => [segment.slice(2), liveValue(members[segment.slice(2)], below(set, segment) ?? {})]),
    );
  }
  return segments.flatMap((segment): readonly Json[] => {
    const item = (live as readonly Json[])[liveIndexOf(live, segment)];
    const value = liveValue(item, below(set, segment) ?? {});
    if (value === undefined) return [];
    return isJsonObject(value) ? [{ ...keyOf(segment), ...value }] : [value];
  });
}
