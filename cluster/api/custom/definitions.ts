import { type Definitions, publishedDefinitions, type RawSchema, Schema } from "../schema.ts";
import { type Resource, resourceOf } from "../resource-table.ts";
import type { ApiServer } from "../server.ts";
import { keyOf } from "../store.ts";
import type { JsonMap, StoredObject } from "../stored-object.ts";
import { timeText } from "../metadata.ts";
import { listAt, mapAt, textAt } from "../validation/causes.ts";

const writer = { fieldManager: "kube-apiserver" };
const cleanup = "customresourcecleanup.apiextensions.k8s.io";

/** A definition that is about to go: it waits for its objects. */
export function heldForObjects(definition: StoredObject): StoredObject {
  const { deletionTimestamp, finalizers = [] } = definition.metadata;
  if (deletionTimestamp !== undefined || finalizers.includes(cleanup)) return definition;
  return { ...definition, metadata: { ...definition.metadata, finalizers: [...finalizers, cleanup] } };
}

/** Serves the kinds that CustomResourceDefinitions define, from their acceptance until they and their objects are gone. */
export function serveDefinitions(server: ApiServer): void {
  const definitions = server.resource({ group: "apiextensions.k8s.io", resource: "customresourcedefinitions" });
  server.store.subscribe(definitions.storedAs, ({ type, object }) => {
    const { group, resource } = namesOf(object);
    if (type === "DELETED") server.table.remove({ group, resource });
    else if (object.metadata.deletionTimestamp !== undefined) endObjects(server, definitions, object);
    else accept(server, definitions, object);
  });
}

function namesOf({ spec }: StoredObject): { readonly group: string; readonly resource: string } {
  return { group: textAt(spec, "group"), resource: textAt(mapAt(spec, "names"), "plural") };
}

function accept(server: ApiServer, definitions: Resource, definition: StoredObject): void {
  const { group, resource } = namesOf(definition);
  server.table.remove({ group, resource });
  for (const version of listAt(definition.spec, "versions")) {
    if (version["served"] === true) server.table.add(customResource(definition, version));
  }
  const place = { resource: definitions, namespace: "", name: definition.metadata.name ?? "" };
  if (listAt(definition.status, "conditions").length > 0) return;
  const status = acceptedStatus(definition, timeText(server.clock.now()));
  server.update(place, (live) => ({ ...live, status }), { ...writer, subresource: "status" });
}

function acceptedStatus({ spec }: StoredObject, now: string): JsonMap {
  const condition = (type: string, reason: string, message: string): JsonMap => ({
    type,
    status: "True",
    lastTransitionTime: now,
    reason,
    message,
  });
  const stored = listAt(spec, "versions").filter((version) => version["storage"] === true);
  return {
    conditions: [
      condition("NamesAccepted", "NoConflicts", "no conflicts found"),
      condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
    ],
    acceptedNames: mapAt(spec, "names"),
    storedVersions: stored.map((version) => textAt(version, "name")),
  };
}

/** Deletes the objects of a definition that is on its way out, and lets it go when the last of them is gone. */
function endObjects(server: ApiServer, definitions: Resource, definition: StoredObject): void {
  const { group, resource } = namesOf(definition);
  const served = server.table.named({ group, resource });
  const left = served ? server.store.list(served.storedAs) : [];
  for (const { metadata } of left) {
    if (!served || metadata.deletionTimestamp !== undefined) continue;
    server.delete({ resource: served, namespace: metadata.namespace ?? "", name: metadata.name ?? "" });
  }
  const finish = (): boolean => {
    if (served && server.store.list(served.storedAs).length > 0) return false;
    const live = server.store.get(definitions.storedAs, keyOf(definition));
    if (!live?.metadata.finalizers?.includes(cleanup)) return true;
    const finalizers = live.metadata.finalizers.filter((finalizer) => finalizer !== cleanup);
    const place = { resource: definitions, namespace: "", name: definition.metadata.name ?? "" };
    server.update(place, (now) => ({ ...now, metadata: { ...now.metadata, finalizers } }), writer);
    return true;
  };
  if (finish() || !served) return;
  const stop = server.store.subscribe(served.storedAs, () => {
    if (finish()) stop();
  });
}

function customResource(definition: StoredObject, version: JsonMap): Resource {
  const { group, resource } = namesOf(definition);
  const names = mapAt(definition.spec, "names");
  const storage = listAt(definition.spec, "versions").find((other) => other["storage"] === true);
  const subresources = mapAt(version, "subresources");
  const scale = subresources["scale"] as { specReplicasPath: string; statusReplicasPath: string } | undefined;
  const kind = textAt(names, "kind");
  return resourceOf(
    {
      group,
      version: textAt(version, "name"),
      kind,
      resource,
      namespaced: textAt(definition.spec, "scope") === "Namespaced",
      singular: textAt(names, "singular") || kind.toLowerCase(),
      shortNames: (names["shortNames"] ?? []) as readonly string[],
      categories: (names["categories"] ?? []) as readonly string[],
      subresources: ["status", "scale"].filter((part) => subresources[part] !== undefined),
      versionedUpdate: true,
    },
    schemaOfVersion(version),
    {
      definition: definition.metadata.name ?? "",
      storageVersion: textAt(storage, "name"),
      scale,
      columns: listAt(version, "additionalPrinterColumns") as unknown as NonNullable<Resource["custom"]>["columns"],
    },
  );
}

/** The schema of a version, with the metadata that every object has. */
function schemaOfVersion(version: JsonMap): Schema {
  const given = mapAt(version, "schema")["openAPIV3Schema"] as RawSchema | undefined;
  const definitions: Definitions = publishedDefinitions();
  if (!given) return new Schema({ type: "object", "x-kubernetes-preserve-unknown-fields": true }, definitions);
  const properties = {
    ...given.properties,
    apiVersion: { type: "string" },
    kind: { type: "string" },
    metadata: { $ref: "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta" },
  };
  return new Schema({ ...given, properties }, definitions);
}
