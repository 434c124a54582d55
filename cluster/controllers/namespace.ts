import { isDeepStrictEqual } from "node:util";
import type { NamespaceCondition } from "kubernetes-types/core/v1.js";
import { conditionAt, conditionOf } from "./conditions.ts";
import { remove, type Controller, type Sync } from "./controller.ts";
import type { KubeObject } from "../client.ts";
import type { ServedKind } from "./informers.ts";
import { groupBy, isTerminating, keyOf, namespaces, pods, type Namespace, type Pod } from "./objects.ts";
import { isOver } from "./pod-control.ts";

/** The finalizer in a namespace's spec that stands for its content. */
const contentFinalizer = "kubernetes";
/** How long after its deletion a namespace is emptied, in ms: time for what is being created in it to come to light. */
const quietMs = 5000;
/** How long finalizers of content are waited for before one looks again, in seconds; as upstream. */
const finalizerSeconds = 15;

/** Objects of one kind that are still in a namespace. */
export interface Remaining {
  readonly kind: ServedKind;
  readonly objects: readonly KubeObject[];
}

/** Empties namespaces that are being deleted, pods first, and then lets them go. */
export function namespaceController(controller: Controller): Sync {
  const { client, clock, informers, queue } = controller;
  controller.watch<Namespace>(namespaces, ({ now }) => {
    if (now && isTerminating(now)) queue.addAt(keyOf(now), clock.now() + quietMs);
    return [];
  });
  informers.listen(({ object: { metadata }, now }) => {
    const holder = now || !metadata.namespace ? undefined : client.get(namespaces, "", metadata.namespace);
    // The quiet time is over for sure a second later, as its beginning is told in whole seconds.
    const quietUntil = Date.parse(holder?.metadata.deletionTimestamp ?? "") + quietMs + 1000;
    if (holder && isTerminating(holder)) queue.addAt(keyOf(holder), quietUntil);
  });
  return (_, name) => syncNamespace(controller, name);
}

async function syncNamespace(controller: Controller, name: string): Promise<void> {
  const { client, clock, informers, queue } = controller;
  const namespace = client.get<Namespace>(namespaces, "", name);
  const finalizers = namespace?.spec.finalizers ?? [];
  if (!namespace || !isTerminating(namespace) || !finalizers.includes(contentFinalizer)) return;

  const all = informers.kinds().filter(({ namespaced }) => namespaced);
  const podKind = all.filter(({ name }) => isDeepStrictEqual(name, pods));
  const podsLeft = await empty(controller, name, podKind);
  const left = podsLeft.length > 0 ? podsLeft : await empty(controller, name, all);
  const seconds = graceSeconds(namespace, podsLeft, clock.now());
  // Nothing is wrong, and nothing said, while pods take the time that they have.
  if (podsLeft.length === 0 || seconds === 0) await writeConditions(controller, namespace, left);
  if (left.length > 0) {
    const waitSeconds = Math.trunc((seconds || finalizerSeconds) / 2) + 1;
    return queue.addAt(name, clock.now() + waitSeconds * 1000);
  }
  const others = finalizers.filter((finalizer) => finalizer !== contentFinalizer);
  await client.mergePatch(namespaces, "", name, { spec: { finalizers: others } }, "finalize");
}

/** Deletes what is in a namespace of some kinds; gives what is left of it. */
async function empty(
  controller: Controller,
  namespace: string,
  kinds: readonly ServedKind[],
): Promise<readonly Remaining[]> {
  const { client } = controller;
  for (const { name } of kinds) {
    const alive = client.list(name, namespace).filter((object) => !isTerminating(object));
    for (const object of alive) await remove(controller, name, object, { propagation: "Background" });
  }
  return kinds
    .map((kind) => ({ kind, objects: client.list(kind.name, namespace) }))
    .filter(({ objects }) => objects.length > 0);
}

/** The longest time that pods have for their end, in seconds; none once that has passed since the namespace's deletion. */
function graceSeconds({ metadata }: Namespace, left: readonly Remaining[], nowMs: number): number {
  const running = left.flatMap(({ objects }) => objects as readonly Pod[]).filter((pod) => !isOver(pod));
  const longest = Math.max(0, ...running.map(({ spec }) => spec.terminationGracePeriodSeconds ?? 0));
  return nowMs - Date.parse(metadata.deletionTimestamp ?? "") >= longest * 1000 ? 0 : longest;
}

async function writeConditions(
  { client, clock }: Controller,
  namespace: Namespace,
  left: readonly Remaining[],
): Promise<void> {
  const { name = "" } = namespace.metadata;
  const before = namespace.status?.conditions ?? [];
  const conditions = terminationConditions(name, left, before, clock.now());
  if (!isDeepStrictEqual(conditions, before)) {
    await client.mergePatch(namespaces, "", name, { status: { conditions } }, "status");
  }
}

/** What a namespace that is being deleted says of what is left in it; transition times stay while a status does. */
export function terminationConditions(
  namespace: string,
  left: readonly Remaining[],
  before: readonly NamespaceCondition[],
  nowMs: number,
): NamespaceCondition[] {
  const all = left.flatMap(({ objects }) => objects.flatMap(({ metadata }) => metadata.finalizers ?? []));
  const holders = [...groupBy(all, (finalizer) => finalizer)].map(
    ([finalizer, { length }]) => `${finalizer} in ${length} resource instances`,
  );
  const isStuck = ({ objects }: Remaining): boolean => objects.every(({ metadata }) => !metadata.finalizers?.length);
  const failures = left
    .filter(isStuck)
    .map(({ kind: { name, version } }) => `${name.group}/${version}, Resource=${name.resource}`)
    .map((kind) => `unexpected items still remain in namespace: ${namespace} for gvr: ${kind}`);
  const counts = left
    .filter((kind) => !isStuck(kind))
    .map(({ kind: { name }, objects }) => `${name.resource}.${name.group} has ${objects.length} resource instances`);
  const list = (texts: readonly string[]): string => texts.toSorted().join(", ");
  const failed = `Failed to delete all resource types, ${failures.length} remaining: ${failures.join(", ")}`;
  const rows: readonly (readonly [type: string, status: string, reason: string, message: string])[] = [
    ["DeletionDiscoveryFailure", "False", "ResourcesDiscovered", "All resources successfully discovered"],
    ["DeletionGroupVersionParsingFailure", "False", "ParsedGroupVersions", "All legacy kube types successfully parsed"],
    failures.length > 0
      ? ["DeletionContentFailure", "True", "ContentDeletionFailed", failed]
      : [
          ...(["DeletionContentFailure", "False", "ContentDeleted"] as const),
          "All content successfully deleted, may be waiting on finalization",
        ],
    counts.length > 0
      ? ["ContentRemaining", "True", "SomeResourcesRemain", `Some resources are remaining: ${list(counts)}`]
      : ["ContentRemaining", "False", "ContentRemoved", "All content successfully removed"],
    holders.length > 0
      ? [
          ...(["FinalizersRemaining", "True", "SomeFinalizersRemain"] as const),
          `Some content in the namespace has finalizers remaining: ${list(holders)}`,
        ]
      : ["FinalizersRemaining", "False", "ContentHasNoFinalizers", "All content-preserving finalizers finished"],
  ];
  return rows.map(([type, ...said]) => {
    const name = `Namespace${type}`;
    return conditionAt([name, ...said], nowMs, conditionOf(before, name));
  });
}
