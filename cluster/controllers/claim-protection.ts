import type { ResourceName } from "../client.ts";
import type { Controller, Sync } from "./controller.ts";
import { pods, type Pod } from "./objects.ts";

const claims: ResourceName = { group: "", resource: "persistentvolumeclaims" };
const finalizer = "kubernetes.io/pvc-protection";

/** Lets PersistentVolumeClaims that are deleted go when no pod uses them any more. */
export function claimProtectionController(controller: Controller): Sync {
  const { client } = controller;
  controller.watch(claims);
  controller.watch<Pod>(pods, ({ object, now }) =>
    now ? [] : claimsOf(object).map((name) => `${object.metadata.namespace ?? ""}/${name}`),
  );
  return async (namespace, name) => {
    const { deletionTimestamp, finalizers = [] } = client.get(claims, namespace, name)?.metadata ?? {};
    const isUsed = client.list<Pod>(pods, namespace).some((pod) => claimsOf(pod).includes(name));
    if (deletionTimestamp === undefined || !finalizers.includes(finalizer) || isUsed) return;
    const others = finalizers.filter((other) => other !== finalizer);
    await client.mergePatch(claims, namespace, name, { metadata: { finalizers: others } });
  };
}

function claimsOf({ spec }: Pod): readonly string[] {
  return (spec.volumes ?? []).flatMap(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName ?? []);
}
