import type { KubeObject } from "../client.ts";
import { type Quota, quotaRefusal, quotaStatus } from "../controllers/quota/usage.ts";
import { forbidden } from "./refusal.ts";
import type { Resource } from "./resource-table.ts";
import type { ApiServer } from "./server.ts";
import { type StoredObject, valueAt } from "./stored-object.ts";

/** Refuses a new object that names what is not there. */
export function refuseUnmet(server: ApiServer, resource: Resource, object: StoredObject): void {
  if (resource.qualifiedName !== "pods") return;
  const { name = "", namespace = "" } = object.metadata;
  const account = String(valueAt(object, "spec.serviceAccountName"));
  const accounts = server.resource({ group: "", resource: "serviceaccounts" });
  if (!server.find({ resource: accounts, namespace, name: account })) {
    const why = `error looking up service account ${namespace}/${account}: serviceaccount "${account}" not found`;
    throw forbidden(resource, name, why);
  }
  const priority = valueAt(object, "spec.priorityClassName");
  const classes = server.resource({ group: "scheduling.k8s.io", resource: "priorityclasses" });
  if (typeof priority !== "string" || priority.startsWith("system-")) return;
  if (!server.find({ resource: classes, namespace: "", name: priority })) {
    throw forbidden(resource, name, `no PriorityClass with name ${priority} was found`);
  }
}

/** Refuses a new object that a ResourceQuota of its namespace has no room for. */
export function refuseOverQuota(server: ApiServer, resource: Resource, object: StoredObject): void {
  const prefix = `${object.metadata.namespace ?? ""}/`;
  for (const stored of server.store.list("resourcequotas", prefix)) {
    const quota = stored as KubeObject as Quota;
    // What is there now counts, not what a status may still say; only objects of the same kind take of the same names.
    const there = server.store.list(resource.storedAs, prefix).map((other) => [resource, other] as const);
    const why = quotaRefusal(quota, quotaStatus(quota, there).used ?? {}, resource, object);
    if (why !== undefined) throw forbidden(resource, object.metadata.name ?? "", why);
  }
}
