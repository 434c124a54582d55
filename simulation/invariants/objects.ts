import type { Client, Pod } from "../../cluster/core.ts";
import { pods } from "../../cluster/core.ts";
import { applicationLabelKey } from "../../src/model/application.ts";
import { valueAt } from "../../src/model/json.ts";
import type { Json } from "../../src/model/json.ts";
import { spoiled } from "../history/manifests.ts";
import { engineNamespace } from "../world/engine-process.ts";
import type { Accuse } from "./branches.ts";
import { inventoryNames } from "./inventory.ts";
import { kinds } from "./kinds.ts";

/** The annotation of a pod that a person deletes. */
export const byHand = "simulation/by-hand";

/**
 * What must hold of the cluster at every moment: nothing exists that no inventory names (D8), or of a revision that must be
 * refused (D3), and old pods serve (R4).
 */
export function watchObjects(client: Client, accuse: Accuse): void {
  for (const { kind, ...resource } of kinds) {
    client.watch(resource, ({ type, object }) => {
      const { metadata } = object;
      const { namespace = "", name = "", labels } = metadata;
      const owner = labels?.[applicationLabelKey];
      if (type === "DELETED" || owner === undefined || metadata.deletionTimestamp !== undefined) return;
      if (namespace === engineNamespace) return;
      const { data } = object as { readonly data?: Readonly<Record<string, string>> };
      if (name.endsWith("-flaw") || data?.["version"]?.startsWith(spoiled) === true) {
        accuse(`${kind} ${namespace}/${name} is of a revision that must be refused as a whole`);
      }
      if (!inventoryNames(client, owner).has(`${kind} ${namespace}/${name}`)) {
        accuse(`${kind} ${namespace}/${name} of ${owner} is in no inventory`);
      }
    });
  }
  watchServing(client, accuse);
}

/** A pod that serves is ended only when another one of its Deployment serves; what a person deletes goes all the same. */
function watchServing(client: Client, accuse: Accuse): void {
  const ending = new Set<string>();
  client.watch<Pod>(pods, ({ object }) => {
    const { uid = "", deletionTimestamp, labels, namespace = "", name } = object.metadata;
    if (deletionTimestamp === undefined || ending.has(uid)) return;
    ending.add(uid);
    const app = labels?.["app"] ?? "";
    const deployment = client.get({ group: "apps", resource: "deployments" }, namespace, app);
    const place = client.get({ group: "", resource: "namespaces" }, "", namespace);
    if (!isReady(object) || !deployment || valueAt(deployment as Json, "spec", "strategy", "type") === "Recreate")
      return;
    if (deployment.metadata.deletionTimestamp !== undefined) return;
    if (!place || place.metadata.deletionTimestamp !== undefined) return;
    if (object.metadata.annotations?.[byHand] !== undefined || ownerOf(client, object) !== deployment.metadata.uid)
      return;
    const others = client
      .list<Pod>(pods, namespace)
      .filter((pod) => pod.metadata.labels?.["app"] === app && pod.metadata.deletionTimestamp === undefined);
    if (!others.some(isReady)) accuse(`pod ${namespace}/${name} is ended, and no other one of ${app} serves`);
  });
}

/** The Deployment that a pod is of, behind its ReplicaSet; none once that is being cleared away. */
function ownerOf(client: Client, { metadata: { namespace = "", ownerReferences = [] } }: Pod): string | undefined {
  const set = client.get({ group: "apps", resource: "replicasets" }, namespace, ownerReferences[0]?.name ?? "");
  return set?.metadata.ownerReferences?.[0]?.uid;
}

function isReady({ status }: Pod): boolean {
  return status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True") === true;
}
