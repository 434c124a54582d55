import type { KubeObject } from "../client.ts";
import { limitedNames, type Quota, quotaRefusal, quotaStatus, usageOf } from "../controllers/quota/usage.ts";
import { valueAt } from "./json.ts";
import { forbidden } from "./refusal.ts";
import type { Resource } from "./resource-table.ts";
import type { ApiServer } from "./server.ts";

/** Namespaces that may not be deleted. */
const immortal = new Set(["default", "kube-public", "kube-system"]);

/** Refuses the deletion of a namespace that every cluster needs. */
export function refuseDeletion(resource: Resource, name: string): void {
  if (resource.qualifiedName !== "namespaces" || !immortal.has(name)) return;
  throw forbidden(resource, name, "this namespace may not be deleted");
}

/** New content needs a namespace that is there and is not on its way out. */
export function refuseUnlessOpen(server: ApiServer, resource: Resource, namespace: string, name: string): void {
  const namespaces = server.resource({ group: "", resource: "namespaces" });
  const holder = server.get({ resource: namespaces, namespace: "", name: namespace });
  if (holder.metadata.deletionTimestamp === undefined) return;
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
  const message = `namespace ${namespace} is being terminated`;
  throw forbidden(resource, name, why, [{ reason: "NamespaceTerminating", message, field: "metadata.namespace" }]);
}

const quotaName = { group: "", resource: "resourcequotas" };

/** A new pod that names no pull secrets has those of its service account. */
export function withAccountsSecrets(server: ApiServer, resource: Resource, object: KubeObject): KubeObject {
  if (resource.qualifiedName !== "pods") return object;
  const own = valueAt(object, "spec.imagePullSecrets");
  if (Array.isArray(own) && own.length > 0) return object;
  const name = String(valueAt(object, "spec.serviceAccountName"));
  const accounts = server.resource({ group: "", resource: "serviceaccounts" });
  const account = server.find({ resource: accounts, namespace: object.metadata.namespace ?? "", name });
  const imagePullSecrets = account && valueAt(account, "imagePullSecrets");
  if (imagePullSecrets === undefined) return object;
  return { ...object, spec: { ...(object["spec"] as object), imagePullSecrets } };
}

/** Refuses a new object that names what is not there. */
export function refuseUnmet(server: ApiServer, resource: Resource, object: KubeObject): void {
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

/**
 * Refuses a new object that a ResourceQuota of its namespace has no room for; where there is room in all, it is taken in
 * their statuses before the object is there, as by Kubernetes.
 */
export function takeOfQuota(server: ApiServer, resource: Resource, object: KubeObject, dryRun = false): void {
  const { namespace = "", name: own = "" } = object.metadata;
  const quotas = server.store.list("resourcequotas", `${namespace}/`) as readonly Quota[];
  if (quotas.length === 0) return;
  // What is there now counts, not what a status may still say; only objects of the same kind take of the same names.
  const there = server.store.list(resource.storedAs, `${namespace}/`).map((other) => [resource, other] as const);
  for (const quota of quotas) {
    const why = quotaRefusal(quota, quotaStatus(quota, there).used ?? {}, resource, object);
    if (why !== undefined) throw forbidden(resource, own, why);
  }
  for (const quota of dryRun ? [] : quotas) {
    const taken = usageOf(resource, object, limitedNames(quota));
    const { used = {} } = quotaStatus(quota, [...there, [resource, object]]);
    const now = Object.entries(used).filter(([name]) => taken.has(name));
    if (now.length === 0 || !quota.status?.used) continue;
    const status = { ...quota.status, used: { ...quota.status.used, ...Object.fromEntries(now) } };
    const place = { resource: server.resource(quotaName), namespace, name: quota.metadata.name ?? "" };
    const options = { fieldManager: "kube-apiserver", subresource: "status" } as const;
    server.update(place, (live) => ({ ...live, status }), options);
  }
}
