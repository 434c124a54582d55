import type { OwnerReference } from "kubernetes-types/meta/v1.js";
import { ApiError, type KubeObject } from "../client.ts";
import { createController, type Controller, type Surroundings } from "./controller.ts";
import { isTerminating } from "./objects.ts";
import { patchOwners } from "./ownership.ts";
import { ServedKinds, type ServedKind } from "./served-kinds.ts";

const foreground = "foregroundDeletion";
const orphan = "orphan";

interface Node {
  readonly kind: ServedKind;
  readonly object: KubeObject;
}

/**
 * Deletes what no living owner holds, and does for owners that are being deleted in the foreground, or leave orphans,
 * what their finalizers wait for. Keys are uids. Returns the stop.
 */
export function startGarbageCollector(surroundings: Surroundings): () => void {
  const graph = new OwnerGraph();
  const controller = createController(surroundings, "garbage-collector-controller", async (controller, uid) => {
    const node = graph.node(uid);
    if (node) await syncNode(controller, graph, kinds, node);
  });
  const { queue } = controller;
  const kinds: ServedKinds = new ServedKinds(surroundings.client, (kind, now, before) => {
    const uid = (now ?? before)?.metadata.uid ?? "";
    if (now) {
      graph.set(kind, now);
      if (needsLook(now, before)) queue.add(uid);
      return;
    }
    graph.remove(uid);
    for (const dependent of graph.dependentsOf(uid)) queue.add(dependent.object.metadata.uid ?? "");
    for (const owner of before?.metadata.ownerReferences ?? []) queue.add(owner.uid);
  });
  return () => {
    kinds.stop();
    controller.stop();
  };
}

/** Most changes are of status; only owners, the first sight, and the wait of finalizers concern the collector. */
function needsLook(now: KubeObject, before: KubeObject | undefined): boolean {
  if (isTerminating(now) && finalizersOf(now).some((finalizer) => finalizer === foreground || finalizer === orphan)) {
    return true;
  }
  const owners = now.metadata.ownerReferences;
  if (!owners) return false;
  return JSON.stringify(owners) !== JSON.stringify(before?.metadata.ownerReferences);
}

/** All objects by uid, and who names whom as owner. */
class OwnerGraph {
  readonly #nodes = new Map<string, Node>();
  readonly #dependents = new Map<string, Set<string>>();

  node(uid: string): Node | undefined {
    return this.#nodes.get(uid);
  }

  dependentsOf(uid: string): readonly Node[] {
    return [...(this.#dependents.get(uid) ?? [])].flatMap((dependent) => this.#nodes.get(dependent) ?? []);
  }

  set(kind: ServedKind, object: KubeObject): void {
    const uid = object.metadata.uid ?? "";
    this.#unlink(uid);
    this.#nodes.set(uid, { kind, object });
    for (const owner of object.metadata.ownerReferences ?? []) {
      const dependents = this.#dependents.get(owner.uid) ?? new Set();
      this.#dependents.set(owner.uid, dependents.add(uid));
    }
  }

  remove(uid: string): void {
    this.#unlink(uid);
    this.#nodes.delete(uid);
  }

  #unlink(uid: string): void {
    for (const owner of this.#nodes.get(uid)?.object.metadata.ownerReferences ?? []) {
      const dependents = this.#dependents.get(owner.uid);
      dependents?.delete(uid);
      if (dependents?.size === 0) this.#dependents.delete(owner.uid);
    }
  }
}

async function syncNode(controller: Controller, graph: OwnerGraph, kinds: ServedKinds, node: Node): Promise<void> {
  const { object } = node;
  if (isTerminating(object)) {
    if (finalizersOf(object).includes(orphan)) await leaveOrphans(controller, graph, node);
    else if (finalizersOf(object).includes(foreground)) await deleteDependents(controller, graph, kinds, node);
    return;
  }
  await judge(controller, graph, kinds, node);
}

async function leaveOrphans(controller: Controller, graph: OwnerGraph, node: Node): Promise<void> {
  const uid = node.object.metadata.uid ?? "";
  for (const dependent of graph.dependentsOf(uid)) {
    await dropOwners(controller, dependent, (owner) => owner.uid === uid);
  }
  await removeFinalizer(controller, node, orphan);
}

async function deleteDependents(
  controller: Controller,
  graph: OwnerGraph,
  kinds: ServedKinds,
  node: Node,
): Promise<void> {
  const uid = node.object.metadata.uid ?? "";
  const blocking = graph
    .dependentsOf(uid)
    .filter(({ object }) =>
      object.metadata.ownerReferences?.some((owner) => owner.uid === uid && owner.blockOwnerDeletion),
    );
  if (blocking.length === 0) await removeFinalizer(controller, node, foreground);
  for (const dependent of graph.dependentsOf(uid)) {
    if (!isTerminating(dependent.object)) await judge(controller, graph, kinds, dependent);
  }
}

/** Decides by its owners whether an object stays, loses references, or goes. */
async function judge(controller: Controller, graph: OwnerGraph, kinds: ServedKinds, node: Node): Promise<void> {
  const owners = node.object.metadata.ownerReferences ?? [];
  if (owners.length === 0) return;
  const states = new Map(owners.map((owner) => [owner, stateOf(controller, kinds, node, owner)]));
  if (owners.some((owner) => states.get(owner) === "living")) {
    if (owners.every((owner) => states.get(owner) === "living")) return;
    await dropOwners(controller, node, (owner) => states.get(owner) !== "living");
    return;
  }
  const { namespace = "", name = "", uid = "" } = node.object.metadata;
  const waiting = owners.some((owner) => states.get(owner) === "waiting");
  const propagation = waiting && graph.dependentsOf(uid).length > 0 ? "Foreground" : ownPropagation(node.object);
  await controller.client.delete(node.kind.name, namespace, name, { propagation, uid }).catch(ignoreGone);
}

function ownPropagation(object: KubeObject): "Orphan" | "Foreground" | "Background" {
  const finalizers = finalizersOf(object);
  if (finalizers.includes(orphan)) return "Orphan";
  return finalizers.includes(foreground) ? "Foreground" : "Background";
}

/** "waiting" is an owner that goes once its dependents have gone. What cannot be known counts as living. */
function stateOf(
  { client }: Controller,
  kinds: ServedKinds,
  { kind, object }: Node,
  reference: OwnerReference,
): "living" | "waiting" | "gone" {
  const ownerKind = kinds.ofReference(reference.apiVersion, reference.kind);
  if (!ownerKind || (ownerKind.namespaced && !kind.namespaced)) return "living";
  const namespace = ownerKind.namespaced ? (object.metadata.namespace ?? "") : "";
  const owner = client.get(ownerKind.name, namespace, reference.name);
  if (owner?.metadata.uid !== reference.uid) return "gone";
  return isTerminating(owner) && finalizersOf(owner).includes(foreground) ? "waiting" : "living";
}

async function dropOwners(
  { client }: Controller,
  { kind, object }: Node,
  drop: (owner: OwnerReference) => boolean,
): Promise<void> {
  const owners = object.metadata.ownerReferences ?? [];
  await patchOwners(
    client,
    kind.name,
    object,
    owners.filter((owner) => !drop(owner)),
  );
}

async function removeFinalizer({ client }: Controller, { kind, object }: Node, finalizer: string): Promise<void> {
  const { namespace = "", name = "", uid, resourceVersion } = object.metadata;
  const left = finalizersOf(object).filter((other) => other !== finalizer);
  const metadata = { uid, resourceVersion, finalizers: left.length > 0 ? left : null };
  await client.mergePatch(kind.name, namespace, name, { metadata });
}

function finalizersOf(object: KubeObject): readonly string[] {
  return object.metadata.finalizers ?? [];
}

function ignoreGone(error: unknown): void {
  if (!(error instanceof ApiError && (error.code === 404 || error.code === 409))) throw error;
}
