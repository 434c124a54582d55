import { writeStatus, type Controller, type Sync } from "../controller.ts";
import type { KubeObject, ResourceName } from "../../client.ts";
import { keyOf, pods } from "../objects.ts";
import { limitedNames, quotaStatus, usageOf, type Quota } from "./usage.ts";

const quotas: ResourceName = { group: "", resource: "resourcequotas" };

/** Keeps count of what ResourceQuotas limit. */
export function quotaController(controller: Controller): Sync {
  const { client, informers, queue } = controller;
  controller.watch<Quota>(quotas);
  informers.listen(({ object, now, before }, { name, namespaced }) => {
    const isPod = name.resource === pods.resource && name.group === pods.group;
    // Of a pod also its end matters; anything else just comes and goes.
    if (!namespaced || (now && before && !isPod)) return;
    for (const quota of client.list<Quota>(quotas, object.metadata.namespace)) {
      if (isPod || usageOf(name, object, limitedNames(quota)).size > 0) queue.add(keyOf(quota));
    }
  });
  return async (namespace, name) => {
    const quota = client.get<Quota>(quotas, namespace, name);
    if (!quota) return;
    const kinds = informers.kinds().filter((kind) => kind.namespaced);
    const objects = kinds.flatMap((kind) =>
      client.list(kind.name, namespace).map((object): readonly [ResourceName, KubeObject] => [kind.name, object]),
    );
    await writeStatus(controller, quotas, quota, quotaStatus(quota, objects));
  };
}
