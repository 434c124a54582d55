import type { NamespaceCondition } from "kubernetes-types/core/v1.js";
import { isDeepStrictEqual } from "node:util";
import { ApiError, type KubeObject } from "../client.ts";
import { createController, type Controller, type Surroundings } from "./controller.ts";
import { isTerminating, keyOf, namespaces, timeText, type Namespace } from "./objects.ts";
import { ServedKinds, type ServedKind } from "./served-kinds.ts";

/** The finalizer in a namespace's spec that stands for its content. */
const contentFinalizer = "kubernetes";
/** How long after its end was due a pod may still be there before the namespace says so, in ms. */
const lingeringMs = 5000;

/** Objects of one kind that are still in a namespace. */
export interface Remaining {
  readonly kind: ServedKind;
  readonly objects: readonly KubeObject[];
}

/** Empties namespaces that are being deleted, pods first, and then lets them go. Returns the stop. */
export function startNamespaces(surroundings: Surroundings): () => void {
  const controller = createController(surroundings, "namespace-controller", (controller, name) =>
    syncNamespace(controller, kinds, name),
  );
  const { client, queue } = controller;
  const kinds: ServedKinds = new ServedKinds(client, (_kind, now, before) => {
    const { namespace } = (now ?? before)?.metadata ?? {};
    if (namespace === undefined || now) return;
    const holder = client.get(namespaces, "", namespace);
    if (holder && isTerminating(holder)) queue.add(namespace);
  });
  controller.watch<Namespace>(namespaces, (now) => {
    if (now && isTerminating(now)) queue.add(keyOf(now));
  });
  return () => {
    kinds.stop();
    controller.stop();
  };
}

async function syncNamespace(controller: Controller, kinds: ServedKinds, name: string): Promise<void> {
  const { client, clock, queue } = controller;
  const namespace = client.get<Namespace>(namespaces, "", name);
  const finalizers = namespace?.spec?.finalizers ?? [];
  if (!namespace || !isTerminating(namespace) || !finalizers.includes(contentFinalizer)) return;

  const namespaced = kinds.all().filter((kind) => kind.namespaced);
  const pods = namespaced.filter((kind) => kind.name.resource === "pods" && kind.name.group === "");
  await deleteAll(controller, name, pods);
  const podsLeft = remaining(controller, name, pods);
  if (podsLeft.length > 0) {
    // Nothing is wrong while pods take the time that they have.
    const patienceEnds = lastEndMs(podsLeft) + lingeringMs;
    if (clock.now() < patienceEnds) queue.addAt(name, patienceEnds);
    else await writeConditions(controller, namespace, podsLeft);
    return;
  }
  await deleteAll(controller, name, namespaced);
  const left = remaining(controller, name, namespaced);
  await writeConditions(controller, namespace, left);
  if (left.length > 0) return;
  const others = finalizers.filter((finalizer) => finalizer !== contentFinalizer);
  await client.mergePatch(namespaces, "", name, { spec: { finalizers: others } }, "finalize");
}

async function deleteAll({ client }: Controller, namespace: string, kinds: readonly ServedKind[]): Promise<void> {
  for (const kind of kinds) {
    for (const object of client.list(kind.name, namespace)) {
      if (isTerminating(object)) continue;
      const { name = "", uid = "" } = object.metadata;
      await client.delete(kind.name, namespace, name, { propagation: "Background", uid }).catch(ignoreGone);
    }
  }
}

function remaining({ client }: Controller, namespace: string, kinds: readonly ServedKind[]): readonly Remaining[] {
  return kinds
    .map((kind) => ({ kind, objects: client.list(kind.name, namespace) }))
    .filter(({ objects }) => objects.length > 0);
}

function lastEndMs(left: readonly Remaining[]): number {
  const ends = left.flatMap(({ objects }) =>
    objects.map(({ metadata }) => Date.parse(metadata.deletionTimestamp ?? "") || 0),
  );
  return Math.max(0, ...ends);
}

async function writeConditions(
  { client, clock }: Controller,
  namespace: Namespace,
  left: readonly Remaining[],
): Promise<void> {
  const before = namespace.status?.conditions ?? [];
  const conditions = terminationConditions(namespace.metadata.name ?? "", left, before, clock.now());
  if (isDeepStrictEqual(conditions, before)) return;
  await client.mergePatch(namespaces, "", namespace.metadata.name ?? "", { status: { conditions } }, "status");
}

/** What a namespace that is being deleted says of what is left in it; transition times stay while a status does. */
export function terminationConditions(
  namespace: string,
  left: readonly Remaining[],
  before: readonly NamespaceCondition[],
  nowMs: number,
): NamespaceCondition[] {
  const finalizers = new Map<string, number>();
  for (const finalizer of left.flatMap(({ objects }) => objects.flatMap(({ metadata }) => metadata.finalizers ?? []))) {
    finalizers.set(finalizer, (finalizers.get(finalizer) ?? 0) + 1);
  }
  const stuck = left.filter(({ objects }) => objects.every(({ metadata }) => !metadata.finalizers?.length));
  const held = left.filter((kind) => !stuck.includes(kind));
  const failures = stuck.map(
    ({ kind }) => `unexpected items still remain in namespace: ${namespace} for gvr: ${coordinates(kind)}`,
  );
  const counts = held.map(
    ({ kind: { name }, objects }) => `${name.resource}.${name.group} has ${objects.length} resource instances`,
  );
  const holders = [...finalizers].map(([finalizer, count]) => `${finalizer} in ${count} resource instances`);
  const rows: readonly (readonly [type: string, status: boolean, reason: string, message: string])[] = [
    ["NamespaceDeletionDiscoveryFailure", false, "ResourcesDiscovered", "All resources successfully discovered"],
    [
      "NamespaceDeletionGroupVersionParsingFailure",
      false,
      "ParsedGroupVersions",
      "All legacy kube types successfully parsed",
    ],
    failures.length > 0
      ? ["NamespaceDeletionContentFailure", true, "ContentDeletionFailed", failureText(failures)]
      : [
          "NamespaceDeletionContentFailure",
          false,
          "ContentDeleted",
          "All content successfully deleted, may be waiting on finalization",
        ],
    counts.length > 0
      ? ["NamespaceContentRemaining", true, "SomeResourcesRemain", `Some resources are remaining: ${list(counts)}`]
      : ["NamespaceContentRemaining", false, "ContentRemoved", "All content successfully removed"],
    holders.length > 0
      ? [
          "NamespaceFinalizersRemaining",
          true,
          "SomeFinalizersRemain",
          `Some content in the namespace has finalizers remaining: ${list(holders)}`,
        ]
      : ["NamespaceFinalizersRemaining", false, "ContentHasNoFinalizers", "All content-preserving finalizers finished"],
  ];
  return rows.map(([type, holds, reason, message]) => {
    const status = holds ? "True" : "False";
    const known = before.find((condition) => condition.type === type);
    const since = known?.status === status ? known.lastTransitionTime : undefined;
    return { type, status, lastTransitionTime: since ?? timeText(nowMs), reason, message };
  });
}

function failureText(failures: readonly string[]): string {
  return `Failed to delete all resource types, ${failures.length} remaining: ${failures.join(", ")}`;
}

function coordinates({ name, version }: ServedKind): string {
  return `${name.group}/${version}, Resource=${name.resource}`;
}

function list(texts: readonly string[]): string {
  return texts.toSorted().join(", ");
}

function ignoreGone(error: unknown): void {
  if (!(error instanceof ApiError && (error.code === 404 || error.code === 409))) throw error;
}
