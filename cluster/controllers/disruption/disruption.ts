import { isDeepStrictEqual } from "node:util";
import type { KubeObject, ResourceName } from "../../client.ts";
import { createController, type Controller, type Surroundings } from "../controller.ts";
import { deployments, keyOf, pods, replicaSets, splitKey, type Pod } from "../objects.ts";
import { controllerOf } from "../ownership.ts";
import { matches } from "../selector.ts";
import { budgetStatus, type DisruptionBudget } from "./budget.ts";

const budgets: ResourceName = { group: "policy", resource: "poddisruptionbudgets" };

/** Keeps the status of PodDisruptionBudgets, by which evictions are allowed or refused. Returns the stop. */
export function startDisruptionBudgets(surroundings: Surroundings): () => void {
  const controller = createController(surroundings, "disruption-controller", syncBudget);
  const { client, queue } = controller;
  const wake = (namespace: string | undefined, concerns: (budget: DisruptionBudget) => boolean): void => {
    for (const budget of client.list<DisruptionBudget>(budgets, namespace))
      if (concerns(budget)) queue.add(keyOf(budget));
  };
  controller.watch<DisruptionBudget>(budgets, (now) => {
    if (now) queue.add(keyOf(now));
  });
  controller.watch<Pod>(pods, (now, before) => {
    const labels = [now?.metadata.labels, before?.metadata.labels];
    wake((now ?? before)?.metadata.namespace, ({ spec }) =>
      labels.some((each) => each && matches(spec.selector, each)),
    );
  });
  for (const resource of [deployments, replicaSets]) {
    controller.watch<Scaled>(resource, (now, before) => {
      if (now?.spec?.replicas !== before?.spec?.replicas) wake((now ?? before)?.metadata.namespace, () => true);
    });
  }
  return controller.stop;
}

interface Scaled extends KubeObject {
  readonly spec?: { readonly replicas?: number };
}

async function syncBudget({ client, clock }: Controller, key: string): Promise<void> {
  const { namespace, name } = splitKey(key);
  const budget = client.get<DisruptionBudget>(budgets, namespace, name);
  if (!budget) return;
  const meant = client
    .list<Pod>(pods, namespace)
    .filter(({ metadata }) => matches(budget.spec.selector, metadata.labels ?? {}));
  const status = budgetStatus(budget, meant, wantedOf({ client }, namespace, meant), clock.now());
  if (!isDeepStrictEqual(status, budget.status)) await client.updateStatus(budgets, { ...budget, status });
}

/** How many pods the controllers of these want; a pod on its own counts as itself. */
function wantedOf({ client }: Pick<Controller, "client">, namespace: string, meant: readonly Pod[]): number {
  const wanted = new Map<string, number>();
  for (const pod of meant) {
    const owner = controllerOf(pod);
    const replicaSet = owner && client.get<Scaled>(replicaSets, namespace, owner.name);
    const above = controllerOf(replicaSet);
    const deployment = above && client.get<Scaled>(deployments, namespace, above.name);
    const top = deployment ?? replicaSet;
    wanted.set(top?.metadata.uid ?? pod.metadata.uid ?? "", top?.spec?.replicas ?? 1);
  }
  return [...wanted.values()].reduce((sum, count) => sum + count, 0);
}
