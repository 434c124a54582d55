import type { KubeObject } from "../../client.ts";
import { type PatchMediaType, patchMediaTypes, patchObject } from "../patch/index.ts";
import { badRequest, invalid, methodNotAllowed } from "../refusal.ts";
import { resourceOf } from "../resource-table.ts";
import { schemaOf } from "../schema.ts";
import type { Place } from "../server.ts";
import type { JsonMap, StoredObject } from "../stored-object.ts";
import { selectorText } from "../table/cells.ts";
import { mapAt, notNegative } from "../validation/causes.ts";
import { objectBody, parseBody, readBody } from "./body-text.ts";
import { type Answer, type Exchange, json } from "./exchange.ts";
import { writeOptions } from "./objects.ts";

const scaleSchema = schemaOf("autoscaling", "v1", "Scale");
const scaleResource = resourceOf(
  { group: "autoscaling", version: "v1", kind: "Scale", resource: "scales", namespaced: true },
  scaleSchema,
);

/** The scale subresource: how many replicas there shall be, whatever the kind calls it. */
export async function scale(exchange: Exchange, place: Place): Promise<Answer> {
  const { api, method, request } = exchange;
  const { resource, name } = place;
  if (method === "GET") return json(200, scaleOf(place, api.get(place)));
  if (method !== "PUT" && method !== "PATCH") throw methodNotAllowed();
  const text = await readBody(request);
  const type = request.headers["content-type"]?.split(";")[0] ?? "";
  const options = { ...writeOptions(exchange, "UpdateOptions"), through: "scale" };
  const change = (live: StoredObject): KubeObject => {
    const before = scaleOf(place, live);
    const next = method === "PUT" ? objectBody(text, type, scaleResource) : patched(before, text, type);
    const spec = (next as unknown as JsonMap)["spec"] as JsonMap | undefined;
    const replicas = spec?.["replicas"] ?? 0;
    if (method === "PUT" && next.metadata.name !== name) {
      throw badRequest(
        `the name of the object (${next.metadata.name ?? ""}) does not match the name on the URL (${name})`,
      );
    }
    const causes = notNegative("spec.replicas", replicas);
    if (causes.length > 0) throw invalid(scaleResource, name, causes);
    const version = next.metadata.resourceVersion;
    const metadata = {
      ...live.metadata,
      ...(version && version !== before.metadata.resourceVersion ? { resourceVersion: version } : {}),
    };
    return withReplicas(place, { ...live, metadata }, replicas);
  };
  return json(200, scaleOf({ ...place, resource }, api.update(place, change, options)));
}

function patched(before: KubeObject, text: string, type: string): KubeObject {
  const mediaType: PatchMediaType = patchMediaTypes.find((known) => known === type) ?? "application/merge-patch+json";
  const patch = parseBody(text, "application/json", "Scale");
  return patchObject({ mediaType, live: before, patch, schema: scaleSchema });
}

function scaleOf({ resource }: Place, object: StoredObject): KubeObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const paths = resource.custom?.scale;
  const at = (path: string): unknown =>
    path
      .split(".")
      .filter((part) => part !== "")
      .reduce<unknown>((value, key) => (value as JsonMap | undefined)?.[key], object);
  const replicas = paths ? at(paths.specReplicasPath) : object.spec?.["replicas"];
  const current = paths ? at(paths.statusReplicasPath) : object.status?.["replicas"];
  const selector = paths ? undefined : selectorText(mapAt(object.spec, "selector"));
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: replicas === 0 || replicas === undefined ? {} : { replicas },
    status: { replicas: current ?? 0, ...(selector === undefined ? {} : { selector }) },
  } as unknown as KubeObject;
}

function withReplicas({ resource }: Place, object: StoredObject, replicas: unknown): StoredObject {
  const path = (resource.custom?.scale?.specReplicasPath ?? ".spec.replicas").split(".").filter((part) => part !== "");
  const set = (value: JsonMap, [key = "", ...rest]: readonly string[]): JsonMap => ({
    ...value,
    [key]: rest.length === 0 ? replicas : set((value[key] ?? {}) as JsonMap, rest),
  });
  return set(object, path) as StoredObject;
}
