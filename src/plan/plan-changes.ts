import { isAdopted, withMark } from "../model/adoption.ts";
import { applicationLabel, applicationLabelKey, pruneAnnotation } from "../model/application.ts";
import { entryOf } from "../model/inventory.ts";
import type { Inventory, InventoryEntry } from "../model/inventory.ts";
import type { KubeObject } from "../model/kube-object.ts";
import type { Manifest } from "../model/manifest.ts";
import { compareRefs, refKey } from "../model/object-ref.ts";
import type { ObjectRef } from "../model/object-ref.ts";
import type { ApplyStep, LeaveStep, Plan, PruneStep } from "../model/plan.ts";
import { differences } from "./differences.ts";
import { isProved } from "./equivalence.ts";
import type { Equivalence } from "./equivalence.ts";
import { declaredOf, givenAway } from "./ignored.ts";
import { compareManifests, comparePruned, stageOf } from "./stage-order.ts";
import { explain } from "./why.ts";

/** The live object behind a reference; undefined when there is none. */
export type LiveLookup = (ref: ObjectRef) => KubeObject | undefined;

/**
 * What it takes to bring the cluster from `live` to `desired`, in a total order. Pure: the same input in any order gives the
 * same plan. `inventory` is what the application may have created so far; `proved` spares objects that a dry run has shown
 * to be as Git says though they are written in another way; `later` is what a later pass will apply, to be tried now.
 */
export function planChanges(
  desired: readonly Manifest[],
  live: LiveLookup,
  inventory: Inventory,
  proved: Equivalence = new Map(),
  later: readonly Manifest[] = [],
): Plan {
  const steps: ApplyStep[] = [];
  const unchanged: ObjectRef[] = [];
  const leave: LeaveStep[] = [];
  const entries = new Map(inventory.entries.map((entry) => [refKey(entry), entry]));
  const adopted = (ref: ObjectRef): boolean => {
    const is = live(ref);
    return is !== undefined && isAdopted(is, entries.get(refKey(ref)));
  };
  const marked = (manifest: Manifest): Manifest => (adopted(manifest.ref) ? withMark(manifest) : manifest);
  for (const manifest of desired.toSorted(compareManifests).map(marked)) {
    const is = live(manifest.ref);
    const step = stepFor(manifest, is, proved);
    if (step) steps.push(step);
    else unchanged.push(manifest.ref);
    const given = is && givenAway(manifest, is);
    if (given) leave.push({ manifest: declaredOf(manifest, is), given });
  }
  const wanted = desired.map((manifest) => entryOf(manifest, live(manifest.ref), adopted(manifest.ref)));
  const wantedKeys = new Set(wanted.map(refKey));
  const gone = inventory.entries.filter((entry) => !wantedKeys.has(refKey(entry)));
  return {
    application: inventory.application,
    apply: steps,
    later: later
      .toSorted(compareManifests)
      .map(marked)
      .flatMap((manifest) => stepFor(manifest, live(manifest.ref), proved) ?? []),
    leave,
    unchanged,
    prune: pruneSteps(gone, live, inventory.application),
    inventory: { ...inventory, entries: inventory.entries.toSorted(compareRefs) },
    union: { application: inventory.application, entries: [...wanted, ...gone].toSorted(compareRefs) },
    exact: { application: inventory.application, entries: wanted.toSorted(compareRefs) },
  };
}

function stepFor(manifest: Manifest, live: KubeObject | undefined, proved: Equivalence): ApplyStep | undefined {
  const stage = stageOf(manifest.ref);
  if (live === undefined) return { action: "create", stage, manifest, why: "it does not exist" };
  return changeOf(declaredOf(manifest, live), live, proved);
}

function changeOf(manifest: Manifest, live: KubeObject, proved: Equivalence): ApplyStep | undefined {
  const stage = stageOf(manifest.ref);
  const configure = { action: "configure", stage, manifest, live } as const;
  if (live.metadata.deletionTimestamp !== undefined) return { ...configure, why: "it is being deleted" };
  const found = differences(manifest, live);
  if (found === undefined) return { ...configure, why: "Plumbline has not applied it yet" };
  if (found.length === 0 || isProved(proved, manifest.ref, found)) return undefined;
  return { ...configure, why: explain(found, live) };
}

/** Only what is live, is the very object that was created here, says whose it is, and is not annotated to stay. */
function pruneSteps(gone: readonly InventoryEntry[], live: LiveLookup, application: string): readonly PruneStep[] {
  return gone.toSorted(comparePruned).flatMap((entry): readonly PruneStep[] => {
    const object = live(entry);
    if (object === undefined || object.metadata.deletionTimestamp !== undefined) return [];
    if (object.metadata.labels?.[applicationLabelKey] !== applicationLabel(application)) return [];
    if (entry.uid !== undefined && entry.uid !== object.metadata.uid) return [];
    if (object.metadata.annotations?.[pruneAnnotation] === "false") return [];
    return [{ action: "prune", entry, live: object, ...(isAdopted(object, entry) ? { adopted: true } : {}) }];
  });
}
