import type { KubeObject } from "../../client.ts";
import { type JsonMap, listAt, mapAt, textAt } from "../json.ts";
import { timeText } from "../metadata.ts";
import { type Resource, resourceOf } from "../resource-table.ts";
import { publishedDefinitions, type RawSchema, Schema } from "../schema.ts";
import type { ApiServer } from "../server.ts";

const writer = { fieldManager: "kube-apiserver" };
const cleanup = "customresourcecleanup.apiextensions.k8s.io";

/** A definition that is about to go: it waits for its objects, and says so. */
export function heldForObjects(definition: KubeObject, nowMs: number): KubeObject {
  const { deletionTimestamp, finalizers = [] } = definition.metadata;
  if (deletionTimestamp !== undefined || finalizers.includes(cleanup)) return definition;
  const why = "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon";
  const marked = withCondition(definition, nowMs, "Terminating", "True", "InstanceDeletionPending", why);
  return { ...marked, metadata: { ...definition.metadata, finalizers: [...finalizers, cleanup] } };
}

function withCondition(
  definition: KubeObject,
  nowMs: number,
  type: string,
  status: string,
  reason: string,
  message: string,
): KubeObject {
  const before = listAt(definition["status"], "conditions");
  const found = before.find((condition) => condition["type"] === type);
  const lastTransitionTime = found?.["status"] === status ? found["lastTransitionTime"] : timeText(nowMs);
  const next = { type, status, lastTransitionTime, reason, message };
  const conditions = found ? before.map((condition) => (condition === found ? next : condition)) : [...before, next];
  return { ...definition, status: { ...mapAt(definition, "status"), conditions } };
}

/** Serves the kinds that CustomResourceDefinitions define, from their acceptance until they and their objects are gone. */
export function serveDefinitions(server: ApiServer): void {
  const resource = server.resource({ group: "apiextensions.k8s.io", resource: "customresourcedefinitions" });
  const change = (name: string, made: (live: KubeObject) => KubeObject, subresource?: "status"): unknown =>
    server.update({ resource, namespace: "", name }, made, { ...writer, ...(subresource && { subresource }) });
  server.store.subscribe(resource.storedAs, ({ type, object }) => {
    const names = namesOf(object);
    if (type === "DELETED") return server.table.remove(names);
    if (object.metadata.deletionTimestamp !== undefined) return endObjects(server, object, change);
    server.table.remove(names);
    for (const version of listAt(object["spec"], "versions")) {
      if (version["served"] === true) server.table.add(customResource(object, version));
    }
    if (listAt(object["status"], "conditions").length > 0) return;
    const { name = "" } = object.metadata;
    const now = server.clock.now();
    const established = ["Established", "the initial names have been accepted"] as const;
    change(
      name,
      (live) => {
        const named = withCondition(live, now, "NamesAccepted", "True", "NoConflicts", "no conflicts found");
        const next = withCondition(named, now, established[0], "False", "Installing", established[1]);
        return { ...next, status: { ...mapAt(next, "status"), acceptedNames: mapAt(live["spec"], "names") } };
      },
      "status",
    );
    change(
      name,
      (live) => withCondition(live, now, established[0], "True", "InitialNamesAccepted", established[1]),
      "status",
    );
  });
}

type ChangeDefinition = (name: string, made: (live: KubeObject) => KubeObject, subresource?: "status") => unknown;

function namesOf({ spec }: KubeObject): { readonly group: string; readonly resource: string } {
  return { group: textAt(spec, "group"), resource: textAt(mapAt(spec, "names"), "plural") };
}

/** Deletes the objects of a definition that is on its way out, and lets it go when the last of them is gone. */
function endObjects(server: ApiServer, definition: KubeObject, change: ChangeDefinition): void {
  const { name = "", finalizers = [] } = definition.metadata;
  const terminating = listAt(definition["status"], "conditions").find(
    (condition) => condition["type"] === "Terminating",
  );
  if (!finalizers.includes(cleanup) || terminating?.["reason"] !== "InstanceDeletionPending") return;
  const now = server.clock.now();
  const inProgress = "CustomResource deletion is in progress";
  const state = (live: KubeObject): KubeObject =>
    withCondition(live, now, "Terminating", "True", "InstanceDeletionInProgress", inProgress);
  change(name, state, "status");
  const served = server.table.named(namesOf(definition));
  const left = (): readonly KubeObject[] => (served ? server.store.list(served.storedAs) : []);
  for (const { metadata } of left()) {
    if (!served || metadata.deletionTimestamp !== undefined) continue;
    server.delete({ resource: served, namespace: metadata.namespace ?? "", name: metadata.name ?? "" });
  }
  const finish = (): boolean => {
    if (left().length > 0) return false;
    change(name, (live) => {
      const others = live.metadata.finalizers?.filter((finalizer) => finalizer !== cleanup) ?? [];
      return { ...live, metadata: { ...live.metadata, finalizers: others } };
    });
    return true;
  };
  if (finish() || !served) return;
  const stop = server.store.subscribe(served.storedAs, () => {
    if (finish()) stop();
  });
}

/** The verbs in the order in which Kubernetes tells those of custom kinds. */
const verbs = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];

function customResource(definition: KubeObject, version: JsonMap): Resource {
  const { group, resource } = namesOf(definition);
  const names = mapAt(definition["spec"], "names");
  const storage = listAt(definition["spec"], "versions").find((other) => other["storage"] === true);
  const subresources = mapAt(version, "subresources");
  const custom = {
    definition: definition.metadata.name ?? "",
    storageVersion: textAt(storage, "name"),
    scale: subresources["scale"],
    columns: listAt(version, "additionalPrinterColumns"),
  } as NonNullable<Resource["custom"]>;
  const row = {
    group,
    version: textAt(version, "name"),
    kind: textAt(names, "kind"),
    resource,
    namespaced: textAt(definition["spec"], "scope") === "Namespaced",
    singular: textAt(names, "singular"),
    shortNames: (names["shortNames"] ?? []) as readonly string[],
    categories: (names["categories"] ?? []) as readonly string[],
    subresources: ["status", "scale"].filter((part) => subresources[part] !== undefined),
    versionedUpdate: true,
    verbs,
  };
  return resourceOf(row, schemaOfVersion(version), custom);
}

/** The schema of a version, with the metadata that every object has. */
function schemaOfVersion(version: JsonMap): Schema {
  const given = mapAt(version, "schema")["openAPIV3Schema"] as RawSchema | undefined;
  if (!given) return new Schema({ type: "object", "x-kubernetes-preserve-unknown-fields": true }, publishedDefinitions);
  const properties = {
    ...given.properties,
    apiVersion: { type: "string" },
    kind: { type: "string" },
    metadata: { $ref: "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta" },
  };
  return new Schema({ ...given, properties }, publishedDefinitions);
}
