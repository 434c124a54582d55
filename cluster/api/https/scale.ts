import type { KubeObject } from "../../client.ts";
import { decodeBody } from "../decode.ts";
import { invalid } from "../refusal.ts";
import { resourceOf } from "../resource-table.ts";
import { schemaOf } from "../schema.ts";
import type { Place } from "../server.ts";
import type { JsonMap, StoredObject } from "../stored-object.ts";
import { selectorText } from "../table/cells.ts";
import { valuesAt } from "../table/json-path.ts";
import { notNegative } from "../validation/causes.ts";
import { objectBody, readBody } from "./bodies.ts";
import { type Answer, type Exchange } from "./exchange.ts";
import { checkPlace } from "./objects.ts";
import { writeOptions } from "./options.ts";
import { patchObject, patchOf, wayOf } from "./patches.ts";
import { show } from "./rendering.ts";

const kind = { group: "autoscaling", version: "v1", kind: "Scale", resource: "scales", namespaced: true };
const scaleResource = resourceOf(kind, schemaOf("autoscaling", "v1", "Scale"));

/** GET of the scale subresource: how many replicas there shall be, whatever the kind calls it. */
export function getScale(exchange: Exchange, place: Place): Answer {
  return show(exchange, scaleResource, 200, scaleOf(place, exchange.api.get(place)));
}

/** PUT of a Scale. */
export async function replaceScale(exchange: Exchange, place: Place): Promise<Answer> {
  const { body, mistakes } = await objectBody(exchange, scaleResource);
  checkPlace(body.metadata, place);
  return writeScale(exchange, place, mistakes, () => body);
}

/** PATCH of a Scale. */
export async function patchScale(exchange: Exchange, place: Place): Promise<Answer> {
  const patch = patchOf(wayOf(exchange, scaleResource), await readBody(exchange));
  return writeScale(exchange, place, patch.mistakes, (live) => patchObject(patch, live, scaleResource.schema));
}

function writeScale(
  exchange: Exchange,
  place: Place,
  mistakes: readonly string[],
  change: (live: KubeObject) => KubeObject,
): Answer {
  const options = { ...writeOptions(exchange, "UpdateOptions"), through: "scale" };
  const written = exchange.api.update(
    place,
    (live) => {
      const next = decodeBody(scaleResource, change(scaleOf(place, live)), { ...options, mistakes });
      const replicas = valuesAt(next, "spec.replicas")[0] ?? 0;
      const causes = notNegative("spec.replicas", replicas);
      if (causes.length > 0) throw invalid(scaleResource, place.name, causes);
      const { resourceVersion = live.metadata.resourceVersion ?? "" } = next.metadata;
      const scaled = withValue(live, pathsOf(place).specReplicasPath.split(".").slice(1), replicas) as StoredObject;
      return { ...scaled, metadata: { ...live.metadata, resourceVersion } };
    },
    options,
  );
  return show(exchange, scaleResource, 200, scaleOf(place, written));
}

function pathsOf({ resource }: Place): { readonly specReplicasPath: string; readonly statusReplicasPath: string } {
  return resource.custom?.scale ?? { specReplicasPath: ".spec.replicas", statusReplicasPath: ".status.replicas" };
}

function scaleOf(place: Place, object: StoredObject): StoredObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const { specReplicasPath, statusReplicasPath } = pathsOf(place);
  const replicas = valuesAt(object, specReplicasPath)[0] ?? 0;
  const selector = place.resource.custom ? undefined : selectorText(object.spec?.["selector"]);
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: replicas === 0 ? {} : { replicas },
    status: { replicas: valuesAt(object, statusReplicasPath)[0] ?? 0, ...(selector === undefined ? {} : { selector }) },
  } as unknown as StoredObject;
}

function withValue(value: JsonMap, [key = "", ...rest]: readonly string[], inner: unknown): JsonMap {
  return { ...value, [key]: rest.length === 0 ? inner : withValue((value[key] ?? {}) as JsonMap, rest, inner) };
}
