import type { KubeObject } from "../../client.ts";
import {
  readApplied,
  serverSideApply,
  trackUpdate,
  withOwnersOfObject,
  withOwnersOfScale,
  type Write,
} from "../apply/index.ts";
import { decodeBody } from "../decode.ts";
import { type JsonMap, valueAt } from "../json.ts";
import { timeText } from "../metadata.ts";
import { invalid } from "../refusal.ts";
import { resourceOf } from "../resource-table.ts";
import { schemaOf } from "../schema.ts";
import type { Place, WriteOptions } from "../server.ts";
import { selectorText } from "../table/cells.ts";
import { valuesAt } from "../table/json-path.ts";
import { notNegative } from "../validation/causes.ts";
import { objectBody, readBody } from "./bodies.ts";
import type { Answer, Exchange } from "./exchange.ts";
import { checkPlace } from "./objects.ts";
import { patchCauses, writeOptions } from "./options.ts";
import { changeBy, patchOf, wayOf } from "./patches.ts";
import { show } from "./rendering.ts";

const kind = { group: "autoscaling", version: "v1", kind: "Scale", resource: "scales", namespaced: true };
const scaleResource = resourceOf(kind, schemaOf("autoscaling", "v1", "Scale"));

/** GET of the scale subresource: how many replicas there shall be, whatever the kind calls it. */
export function getScale(exchange: Exchange, place: Place): Answer {
  return show(exchange, scaleResource, 200, scaleOf(place, exchange.api.get(place)));
}

/** PUT of a Scale. */
export async function replaceScale(exchange: Exchange, place: Place): Promise<Answer> {
  const options = writeOptions(exchange, "UpdateOptions");
  const { body, mistakes } = await objectBody(exchange, scaleResource);
  const next = decodeBody(scaleResource, body, { ...options, mistakes });
  checkPlace(next.metadata, place);
  return writeScale(exchange, place, options, (live, write) => trackUpdate({ ...write, live, next }));
}

/** PATCH of a Scale, in any of the four ways. */
export async function patchScale(exchange: Exchange, place: Place): Promise<Answer> {
  const { query } = exchange;
  const way = wayOf(exchange, scaleResource);
  const isApply = way === "apply";
  const options = writeOptions(exchange, "PatchOptions", patchCauses(query, isApply));
  const text = await readBody(exchange);
  if (isApply) {
    const applied = readApplied(text).body;
    const force = query.flag("force") === true;
    return writeScale(exchange, place, options, (live, write) => serverSideApply({ ...write, live, applied, force }));
  }
  const { change, wording } = changeBy(patchOf(way, text), exchange, place, scaleResource);
  return writeScale(exchange, place, options, (live, write) => {
    const next = decodeBody(scaleResource, change(live), { ...options, ...wording });
    return trackUpdate({ ...write, live, next });
  });
}

/** Writes what a change makes of an object's Scale, owners and all, into the object. */
function writeScale(
  exchange: Exchange,
  place: Place,
  options: WriteOptions,
  change: (live: KubeObject, write: Write) => KubeObject,
): Answer {
  const { api } = exchange;
  const { apiVersion, schema } = scaleResource;
  const now = timeText(api.clock.now());
  const write = {
    live: undefined,
    manager: options.fieldManager,
    subresource: "scale",
    apiVersion,
    kind: "Scale",
    schema,
    now,
  };
  const path = pathsOf(place).specReplicasPath.slice(1);
  const intoObject = (live: KubeObject): KubeObject => {
    const next = change(withOwnersOfObject(scaleOf(place, live), live, path), write);
    checkPlace(next.metadata, place);
    const replicas = valueAt(next, "spec.replicas") ?? 0;
    const causes = notNegative("spec.replicas", replicas);
    if (causes.length > 0) throw invalid(scaleResource, place.name, causes);
    const { resourceVersion = "", uid = "" } = { ...live.metadata, ...next.metadata };
    const scaled = withValue(live, path.split("."), replicas) as KubeObject;
    const owned = withOwnersOfScale(scaled, next, path);
    return { ...owned, metadata: { ...owned.metadata, resourceVersion, uid } };
  };
  const written = api.update(place, intoObject, { ...options, isTracked: true });
  return show(exchange, scaleResource, 200, scaleOf(place, written));
}

function pathsOf({ resource }: Place): { readonly specReplicasPath: string; readonly statusReplicasPath: string } {
  return resource.custom?.scale ?? { specReplicasPath: ".spec.replicas", statusReplicasPath: ".status.replicas" };
}

function scaleOf(place: Place, object: KubeObject): KubeObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const { specReplicasPath, statusReplicasPath } = pathsOf(place);
  const replicas = valuesAt(object, specReplicasPath)[0] ?? 0;
  const selector = place.resource.custom ? undefined : selectorText(valueAt(object, "spec.selector"));
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    // Go leaves a zero out, so that who scales to it by an update comes to own nothing.
    spec: replicas === 0 ? {} : { replicas },
    status: { replicas: valuesAt(object, statusReplicasPath)[0] ?? 0, ...(selector === undefined ? {} : { selector }) },
  } as KubeObject;
}

function withValue(value: JsonMap, [key = "", ...rest]: readonly string[], inner: unknown): JsonMap {
  return { ...value, [key]: rest.length === 0 ? inner : withValue((value[key] ?? {}) as JsonMap, rest, inner) };
}
