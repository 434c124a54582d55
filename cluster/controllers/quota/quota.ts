import { isDeepStrictEqual } from "node:util";
import type { ResourceName } from "../../client.ts";
import { createController, type Controller, type Surroundings } from "../controller.ts";
import { keyOf, splitKey } from "../objects.ts";
import { ServedKinds } from "../served-kinds.ts";
import { limitedNames, quotaStatus, usageOf, type Quota } from "./usage.ts";

const quotas: ResourceName = { group: "", resource: "resourcequotas" };

/** Keeps count of what ResourceQuotas limit. Returns the stop. */
export function startQuotas(surroundings: Surroundings): () => void {
  const controller = createController(surroundings, "resourcequota-controller", (controller, key) =>
    syncQuota(controller, kinds, key),
  );
  const { client, queue } = controller;
  controller.watch<Quota>(quotas, (now) => {
    if (now) queue.add(keyOf(now));
  });
  const kinds: ServedKinds = new ServedKinds(client, ({ name, namespaced }, now, before) => {
    const object = now ?? before;
    if (!namespaced || !object) return;
    const isPod = name.resource === "pods" && name.group === "";
    if (now && before && !isPod) return;
    for (const quota of client.list<Quota>(quotas, object.metadata.namespace)) {
      if (usageOf(name, object, limitedNames(quota)).size > 0 || isPod) queue.add(keyOf(quota));
    }
  });
  return () => {
    kinds.stop();
    controller.stop();
  };
}

async function syncQuota({ client }: Controller, kinds: ServedKinds, key: string): Promise<void> {
  const { namespace, name } = splitKey(key);
  const quota = client.get<Quota>(quotas, namespace, name);
  if (!quota) return;
  const objects = kinds
    .all()
    .filter(({ namespaced }) => namespaced)
    .flatMap((kind) => client.list(kind.name, namespace).map((object) => [kind.name, object] as const));
  const status = quotaStatus(quota, objects);
  if (!isDeepStrictEqual(status, quota.status)) await client.updateStatus(quotas, { ...quota, status });
}
