import type { KubeObject } from "../client.ts";
import { freeze } from "./json.ts";
import type { JsonMap } from "./json.ts";
import type { Resource } from "./resource-table.ts";

/** Fields of an Event: as events.k8s.io names them, and as the core group does, in which events are stored. */
const eventFields: readonly (readonly [string, string])[] = [
  ["regarding", "involvedObject"],
  ["note", "message"],
  ["reportingController", "reportingComponent"],
  ["deprecatedSource", "source"],
  ["deprecatedFirstTimestamp", "firstTimestamp"],
  ["deprecatedLastTimestamp", "lastTimestamp"],
  ["deprecatedCount", "count"],
];
const toCore = new Map(eventFields);
const fromCore = new Map(eventFields.map(([modern, core]) => [core, modern]));

const conversions = new WeakMap<KubeObject, Map<string, KubeObject>>();

/** The object in the version of `resource`; the same object each time, and itself where nothing differs. */
export function inVersion(object: KubeObject, resource: Resource): KubeObject {
  if (object.apiVersion === resource.apiVersion) return object;
  let known = conversions.get(object);
  if (!known) conversions.set(object, (known = new Map<string, KubeObject>()));
  let converted = known.get(resource.apiVersion);
  if (!converted) {
    converted = freeze(convert(object, resource.apiVersion));
    known.set(resource.apiVersion, converted);
  }
  return converted;
}

function convert(object: KubeObject, apiVersion: string): KubeObject {
  if (apiVersion === "events.k8s.io/v1") return renamed(object, fromCore, apiVersion);
  if (object.apiVersion === "events.k8s.io/v1") return renamed(object, toCore, apiVersion);
  return { ...object, apiVersion };
}

function renamed(object: KubeObject, names: ReadonlyMap<string, string>, apiVersion: string): KubeObject {
  // The newer group leaves empty texts out.
  const entries = Object.entries(object as JsonMap)
    .filter(([, value]) => names !== fromCore || value !== "")
    .map(([key, value]) => [names.get(key) ?? key, value]);
  return { ...(Object.fromEntries(entries) as KubeObject), apiVersion };
}
