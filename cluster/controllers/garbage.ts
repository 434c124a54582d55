import type { OwnerReference } from "kubernetes-types/meta/v1.js";
import type { KubeObject } from "../client.ts";
import { remove, type Controller, type Sync } from "./controller.ts";
import type { ServedKind } from "./informers.ts";
import { isTerminating } from "./objects.ts";
import { patchOwners } from "./ownership.ts";

const foreground = "foregroundDeletion";
const orphan = "orphan";

interface Node {
  readonly kind: ServedKind;
  readonly object: KubeObject;
}

/**
 * Deletes what no living owner holds, and does for owners that are being deleted in the foreground, or leave orphans,
 * what their finalizers wait for. Keys are uids.
 */
export function garbageCollector(controller: Controller): Sync {
  const { informers, queue } = controller;
  const dependents = new Map<string, Set<string>>();
  informers.listen(({ object, now, before }) => {
    const { uid = "" } = object.metadata;
    const owners = ownersOf(now);
    const owned = ownersOf(before);
    if (owners !== owned) {
      for (const owner of owned) dependents.get(owner.uid)?.delete(uid);
      for (const owner of owners) dependents.set(owner.uid, (dependents.get(owner.uid) ?? new Set()).add(uid));
    }
    if (!now) {
      for (const each of [...(dependents.get(uid) ?? []), ...owned.map((owner) => owner.uid)]) queue.add(each);
      dependents.delete(uid);
    } else if (isAwaited(now) || (owners.length > 0 && JSON.stringify(owners) !== JSON.stringify(owned))) {
      // Most changes are of status; only owners, the first sight, and the wait of finalizers concern the collector.
      queue.add(uid);
    }
  });
  const dependentsOf = ({ object }: Node): readonly Node[] =>
    [...(dependents.get(object.metadata.uid ?? "") ?? [])].flatMap((uid) => informers.find(uid) ?? []);
  return (_, uid) => syncNode(controller, dependentsOf, informers.find(uid));
}

function ownersOf(object: KubeObject | undefined): readonly OwnerReference[] {
  return object?.metadata.ownerReferences ?? [];
}

function isAwaited(object: KubeObject): boolean {
  return isTerminating(object) && [foreground, orphan].some((name) => object.metadata.finalizers?.includes(name));
}

async function syncNode(
  controller: Controller,
  dependentsOf: (node: Node) => readonly Node[],
  node: Node | undefined,
): Promise<void> {
  if (!node) return;
  const { finalizers = [], uid } = node.object.metadata;
  if (!isTerminating(node.object)) return judge(controller, dependentsOf, node);
  if (finalizers.includes(orphan)) {
    for (const dependent of dependentsOf(node)) await keepOwners(controller, dependent, (owner) => owner.uid !== uid);
    await removeFinalizer(controller, node, orphan);
  } else if (finalizers.includes(foreground)) {
    const isBlocking = ({ object }: Node): boolean =>
      ownersOf(object).some((owner) => owner.uid === uid && owner.blockOwnerDeletion);
    if (!dependentsOf(node).some(isBlocking)) await removeFinalizer(controller, node, foreground);
    for (const dependent of dependentsOf(node)) {
      if (!isTerminating(dependent.object)) await judge(controller, dependentsOf, dependent);
    }
  }
}

/** Decides by its owners whether an object stays, loses references, or goes. */
async function judge(controller: Controller, dependentsOf: (node: Node) => readonly Node[], node: Node): Promise<void> {
  const states = new Map(ownersOf(node.object).map((owner) => [owner, stateOf(controller, node, owner)]));
  const all = [...states.values()];
  if (all.every((state) => state === "living")) return;
  if (all.includes("living")) return keepOwners(controller, node, (owner) => states.get(owner) === "living");
  const { finalizers = [] } = node.object.metadata;
  const own = finalizers.includes(orphan) ? "Orphan" : finalizers.includes(foreground) ? "Foreground" : "Background";
  const propagation = all.includes("waiting") && dependentsOf(node).length > 0 ? "Foreground" : own;
  await remove(controller, node.kind.name, node.object, { propagation });
}

/** "waiting" is an owner that goes once its dependents have gone. What cannot be known counts as living. */
function stateOf(
  { client, informers }: Controller,
  { kind, object }: Node,
  reference: OwnerReference,
): "living" | "waiting" | "gone" {
  const group = reference.apiVersion.includes("/") ? reference.apiVersion.split("/")[0] : "";
  const ownerKind = informers.kinds().find((each) => each.kind === reference.kind && each.name.group === group);
  if (!ownerKind || (ownerKind.namespaced && !kind.namespaced)) return "living";
  const namespace = ownerKind.namespaced ? (object.metadata.namespace ?? "") : "";
  const owner = client.get(ownerKind.name, namespace, reference.name);
  if (owner?.metadata.uid !== reference.uid) return "gone";
  return isTerminating(owner) && owner.metadata.finalizers?.includes(foreground) ? "waiting" : "living";
}

async function keepOwners(
  { client }: Controller,
  { kind, object }: Node,
  isKept: (owner: OwnerReference) => boolean,
): Promise<void> {
  await patchOwners(client, kind.name, object, ownersOf(object).filter(isKept));
}

async function removeFinalizer({ client }: Controller, { kind, object }: Node, finalizer: string): Promise<void> {
  const { namespace = "", name = "", uid, resourceVersion, finalizers = [] } = object.metadata;
  const left = finalizers.filter((other) => other !== finalizer);
  const metadata = { uid, resourceVersion, finalizers: left.length > 0 ? left : null };
  await client.mergePatch(kind.name, namespace, name, { metadata });
}
