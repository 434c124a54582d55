import type { PodDisruptionBudget } from "kubernetes-types/policy/v1.js";
import type { KubeObject, ResourceName } from "../client.ts";
import { conditionAt, conditionOf } from "./conditions.ts";
import { writeStatus, type Controller, type Sync } from "./controller.ts";
import {
  deployments,
  isTerminating,
  keyOf,
  pods,
  portion,
  replicaSets,
  type Pod,
  type Stored,
  matches,
} from "./objects.ts";
import { controllerOf } from "./ownership.ts";
import { isReady } from "./pod-control.ts";

const budgets: ResourceName = { group: "policy", resource: "poddisruptionbudgets" };
/** How long an evicted pod may take until its deletion is seen, in ms; then it counts as healthy again. */
const deletionMs = 120_000;

/** A PodDisruptionBudget as the API server keeps it. */
export type DisruptionBudget = Stored<PodDisruptionBudget>;

type Scaled = KubeObject & { readonly spec?: { readonly replicas?: number } };

/** Keeps the status of PodDisruptionBudgets, by which evictions are allowed or refused. */
export function disruptionController(controller: Controller): Sync {
  const { client, clock, queue } = controller;
  const keysOf = (namespace: string | undefined, concerns: (budget: DisruptionBudget) => boolean): readonly string[] =>
    client.list<DisruptionBudget>(budgets, namespace).filter(concerns).map(keyOf);
  controller.watch<DisruptionBudget>(budgets);
  controller.watch<Pod>(pods, ({ object, now, before }) => {
    const labels = [now, before].map((pod) => pod?.metadata.labels ?? {});
    return keysOf(object.metadata.namespace, ({ spec }) => labels.some((each) => matches(spec.selector, each)));
  });
  for (const resource of [deployments, replicaSets]) {
    controller.watch<Scaled>(resource, ({ object, now, before }) =>
      now?.spec?.replicas === before?.spec?.replicas ? [] : keysOf(object.metadata.namespace, () => true),
    );
  }
  return async (namespace, name) => {
    const budget = client.get<DisruptionBudget>(budgets, namespace, name);
    if (!budget) return;
    const meant = client
      .list<Pod>(pods, namespace)
      .filter(({ metadata }) => matches(budget.spec.selector, metadata.labels ?? {}));
    if (meant.length === 0) controller.event(budget, "Normal", "NoPods", "No matching pods found");
    const status = statusOf(budget, meant, scaleOf(controller, namespace, meant), clock.now());
    const [first] = Object.values(status.disruptedPods ?? {})
      .map((time) => Date.parse(time))
      .toSorted((a, b) => a - b);
    if (first !== undefined) queue.addAt(keyOf(budget), first + deletionMs + 1);
    await writeStatus(controller, budgets, budget, status);
  };
}

/** How many pods the controllers of these want together; a pod that no one controls does not count. */
function scaleOf({ client }: Controller, namespace: string, meant: readonly Pod[]): number {
  const tops = meant.flatMap((pod) => {
    const owner = controllerOf(pod);
    const replicaSet = owner && client.get<Scaled>(replicaSets, namespace, owner.name);
    const above = controllerOf(replicaSet);
    return (above && client.get<Scaled>(deployments, namespace, above.name)) ?? replicaSet ?? [];
  });
  const wanted = new Map(tops.map(({ metadata, spec }) => [metadata.uid, spec?.replicas ?? 1]));
  return [...wanted.values()].reduce((sum, count) => sum + count, 0);
}

/** How many of a budget's pods may be evicted now; `scale` is how many its pods' controllers want together. */
function statusOf(
  { metadata, spec, status }: DisruptionBudget,
  meant: readonly Pod[],
  scale: number,
  nowMs: number,
): NonNullable<DisruptionBudget["status"]> {
  const { minAvailable, maxUnavailable } = spec;
  const expectedPods = typeof minAvailable === "number" ? meant.length : scale;
  const desiredHealthy =
    maxUnavailable === undefined
      ? portion(minAvailable ?? 0, expectedPods, Math.ceil)
      : Math.max(0, expectedPods - portion(maxUnavailable, expectedPods, Math.ceil));
  const there = meant.filter((pod) => !isTerminating(pod));
  const names = new Set(there.map((pod) => pod.metadata.name));
  const evicted = Object.entries(status?.disruptedPods ?? {}).filter(
    ([name, time]) => names.has(name) && Date.parse(time) + deletionMs >= nowMs,
  );
  const disruptedPods = Object.fromEntries(evicted);
  const currentHealthy = there.filter((pod) => isReady(pod) && !disruptedPods[pod.metadata.name ?? ""]).length;
  const disruptionsAllowed = expectedPods > 0 ? Math.max(0, currentHealthy - desiredHealthy) : 0;
  const type = "DisruptionAllowed";
  const said =
    disruptionsAllowed > 0
      ? ([type, "True", "SufficientPods", ""] as const)
      : ([type, "False", "InsufficientPods", ""] as const);
  const observedGeneration = metadata.generation ?? 0;
  const known = status?.conditions ?? [];
  const others = known.filter((condition) => condition.type !== type);
  return {
    ...(evicted.length > 0 && { disruptedPods }),
    observedGeneration,
    disruptionsAllowed,
    currentHealthy,
    desiredHealthy,
    expectedPods,
    conditions: [...others, { ...conditionAt(said, nowMs, conditionOf(known, type)), observedGeneration }],
  };
}
