import { rehearse } from "../apply/rehearse.ts";
import type { Rehearsal } from "../apply/rehearse.ts";
import type { Kube } from "../io/kube/kube.ts";
import type { Application } from "../model/application.ts";
import { entryOf } from "../model/inventory.ts";
import type { Inventory, InventoryEntry } from "../model/inventory.ts";
import type { KubeObject } from "../model/kube-object.ts";
import type { Manifest } from "../model/manifest.ts";
import { refKey, refLabel } from "../model/object-ref.ts";
import type { Plan } from "../model/plan.ts";
import { ProblemError } from "../model/problem.ts";
import { planChanges } from "../plan/plan-changes.ts";
import type { LiveLookup } from "../plan/plan-changes.ts";
import { openKube } from "./open-kube.ts";
import type { ClusterChoice } from "./open-kube.ts";
import type { World } from "./world.ts";

/** Objects that are asked for at the same time. */
const parallel = 8;

/** A client for each cluster that environments name, opened when it is asked for. */
export class Clusters {
  readonly #world: World;
  readonly #choice: ClusterChoice;
  readonly #open = new Map<string | undefined, Kube>();

  constructor(world: World, choice: ClusterChoice) {
    this.#world = world;
    this.#choice = choice;
  }

  async of({ cluster }: Application): Promise<Kube> {
    const choice = cluster === undefined ? this.#choice : { ...this.#choice, context: cluster };
    const kube = this.#open.get(cluster) ?? (await openKube(this.#world, choice));
    this.#open.set(cluster, kube);
    return kube;
  }

  close(): void {
    for (const kube of this.#open.values()) kube.close();
  }
}

/** What Git wants beside what a cluster has. */
export interface ClusterComparison {
  /** Without what the API server says is the same, though it is written in another way. */
  readonly plan: Plan;
  readonly rehearsal: Rehearsal;
  readonly live: LiveLookup;
}

/**
 * Plans one application against a cluster as an engine would, and has the API server try it; nothing is written. `isWhole` tries what
 * does not exist yet as well. Rejects with `ProblemError` when an object cannot be read.
 */
export async function compareWithCluster(
  kube: Kube,
  desired: readonly Manifest[],
  inventory: Inventory,
  isWhole: boolean,
): Promise<ClusterComparison> {
  const live = await readLive(kube, [...desired.map((manifest) => entryOf(manifest)), ...inventory.entries]);
  const plan = planChanges(desired, live, inventory);
  const tried = isWhole ? plan.apply : plan.apply.filter((step) => step.live);
  const rehearsal = await rehearse(kube, tried, plan.apply, parallel);
  const equal = new Set(rehearsal.equal.map(refKey));
  const apply = plan.apply.filter(({ manifest }) => !equal.has(refKey(manifest.ref)));
  return { plan: { ...plan, apply, unchanged: [...plan.unchanged, ...rehearsal.equal] }, rehearsal, live };
}

async function readLive(kube: Kube, entries: readonly InventoryEntry[]): Promise<LiveLookup> {
  const live = new Map<string, KubeObject>();
  for (const entry of new Map(entries.map((one) => [refKey(one), one])).values()) {
    const found = await kube.resource(entry.apiVersion, entry.kind);
    const answer = found.ok && found.value ? await kube.get(found.value, entry.namespace, entry.name) : undefined;
    if (answer?.ok) live.set(refKey(entry), answer.value);
    else if (answer && answer.refusal.code !== 404) {
      throw new ProblemError({
        code: "cluster-refused",
        message: `${refLabel(entry)} cannot be read: ${answer.refusal.message}`,
      });
    }
  }
  return (ref) => live.get(refKey(ref));
}
