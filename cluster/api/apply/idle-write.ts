import { equalJson, isList, isObject, type Json, type JsonObject } from "./json.ts";

/**
 * The object with the times of its managedFields set back to the live ones where nothing else but the resourceVersion
 * changed, so that a write which changes nothing stores nothing.
 */
export function keepIdleTimes(live: JsonObject, next: JsonObject): JsonObject {
  const before = isObject(live["metadata"]) ? live["metadata"] : {};
  const after = isObject(next["metadata"]) ? next["metadata"] : {};
  const { managedFields: liveEntries, resourceVersion: _before, ...liveMetadata } = before;
  const { managedFields: nextEntries, resourceVersion: _after, ...nextMetadata } = after;
  if (!sameBesidesTime(liveEntries, nextEntries) || !equalJson(liveMetadata, nextMetadata)) return next;
  if (!equalJson({ ...live, metadata: {} }, { ...next, metadata: {} })) return next;
  return { ...next, metadata: liveEntries === undefined ? after : { ...after, managedFields: liveEntries } };
}

function sameBesidesTime(before: Json | undefined, after: Json | undefined): boolean {
  if (before === after) return true;
  if (!isList(before) || !isList(after) || before.length !== after.length) return false;
  return before.every((entry, index) => equalJson(withoutTime(entry), withoutTime(after[index])));
}

function withoutTime(entry: Json | undefined): Json {
  if (!isObject(entry)) return entry ?? null;
  const { time: _, ...rest } = entry;
  return rest;
}
