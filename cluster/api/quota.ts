import { forbidden } from "./refusal.ts";
import type { Resource } from "./resource-table.ts";
import type { ApiServer } from "./server.ts";
import type { StoredObject } from "./stored-object.ts";
import { mapAt, textAt } from "./validation/causes.ts";

/** Core kinds that a quota may count by their plain name; `count/…` names any kind. */
const plain = new Set(["configmaps", "persistentvolumeclaims", "pods", "secrets", "services"]);

/** Refuses a new object of a kind of which a ResourceQuota of its namespace allows no more. Only counts are enforced. */
export function refuseOverQuota(server: ApiServer, resource: Resource, object: StoredObject): void {
  const prefix = `${object.metadata.namespace ?? ""}/`;
  for (const quota of server.store.list("resourcequotas", prefix)) {
    const hard = mapAt(quota.spec, "hard");
    const { qualifiedName } = resource;
    const keys = [`count/${qualifiedName}`, ...(plain.has(qualifiedName) ? [qualifiedName] : [])];
    const limits = keys.filter((key) => textAt(hard, key) !== "");
    if (limits.length === 0) continue;
    const used = server.store.list(resource.storedAs, prefix).filter(counts).length;
    const exceeded = limits.filter((key) => used + 1 > Number(hard[key]));
    if (exceeded.length === 0) continue;
    const list = (amount: (key: string) => string): string => exceeded.map((key) => `${key}=${amount(key)}`).join(",");
    const asked = `requested: ${list(() => "1")}, used: ${list(() => String(used))}, limited: ${list((key) => textAt(hard, key))}`;
    const why = `exceeded quota: ${quota.metadata.name ?? ""}, ${asked}`;
    throw forbidden(resource, object.metadata.name ?? "", why);
  }
}

/** Pods that are over use nothing any more. */
function counts({ kind, status }: StoredObject): boolean {
  return kind !== "Pod" || !["Succeeded", "Failed"].includes(textAt(status, "phase"));
}
