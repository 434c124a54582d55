import type { KubeObject } from "../client.ts";
import { type Quota, quotaRefusal, quotaStatus } from "../controllers/quota/usage.ts";
import { forbidden } from "./refusal.ts";
import type { Resource } from "./resource-table.ts";
import type { ApiServer } from "./server.ts";
import type { StoredObject } from "./stored-object.ts";

/** Refuses a new object that a ResourceQuota of its namespace has no room for. */
export function refuseOverQuota(server: ApiServer, resource: Resource, object: StoredObject): void {
  const prefix = `${object.metadata.namespace ?? ""}/`;
  for (const stored of server.store.list("resourcequotas", prefix)) {
    const quota = stored as KubeObject as Quota;
    // What is there now counts, not what a status may still say; only objects of the same kind take of the same names.
    const there = server.store.list(resource.storedAs, prefix);
    const { used = {} } = quotaStatus(
      quota,
      there.map((other) => [resource, other] as const),
    );
    const why = quotaRefusal(quota, used, resource, object);
    if (why !== undefined) throw forbidden(resource, object.metadata.name ?? "", why);
  }
}
