import type { Kube } from "../io/kube/kube.ts";
import { isApplied } from "../model/adoption.ts";
import { adoptAnnotation, applicationLabel, applicationLabelKey } from "../model/application.ts";
import type { Inventory, InventoryEntry } from "../model/inventory.ts";
import type { KubeObject } from "../model/kube-object.ts";
import { refKey } from "../model/object-ref.ts";
import type { ObjectRef } from "../model/object-ref.ts";
import { waveOf } from "../model/plan.ts";
import type { ApplyStep, Plan } from "../model/plan.ts";
import type { Problem } from "../model/problem.ts";
import type { AppliedStep, Takeover } from "../model/record.ts";
import { applyObject } from "./apply-object.ts";
import { leaveFields } from "./leave-fields.ts";
import { inParallel } from "./in-parallel.ts";
import { covers, writeInventory } from "./inventory-store.ts";
import { anothersObject, refusedManifest } from "./refused.ts";
import type { Refused } from "./refused.ts";
import { rehearse } from "./rehearse.ts";
import type { Rehearsal } from "./rehearse.ts";
import { definedGroups, resourceOf } from "./resource-of.ts";
import { sameObject } from "./same-object.ts";

/** How an apply is done. */
export interface ApplySettings {
  /** The engine's own namespace, where inventories are kept. */
  readonly namespace: string;
  /** Requests at the same time at most; 8. */
  readonly parallel?: number;
}

/** What an apply did so far. */
interface Done {
  /** One for each object of the revision that was reached, unchanged ones included. */
  readonly steps: readonly AppliedStep[];
  /** Fields that other managers had to give up (behaviour D5). */
  readonly takeovers: readonly Takeover[];
  /** The applied objects as the API server answered them. */
  readonly objects: readonly KubeObject[];
  /** The ConfigMap of the inventory where it was written. */
  readonly stored: readonly KubeObject[];
  /** Objects that the API server says are as Git says, though they are written in another way (behaviour D7). */
  readonly equal: readonly ObjectRef[];
  /** The inventory as it is written now. */
  readonly inventory: Inventory;
}

/**
 * How an apply ended. When it is not ok, `problems` says why; `wrote` tells whether anything of the cluster was changed
 * before; `transient` means that Git is not to blame and the next pass may succeed.
 */
export type Applied =
  | ({ readonly ok: true } & Done)
  | ({
      readonly ok: false;
      readonly problems: readonly Problem[];
      readonly transient: boolean;
      readonly wrote: boolean;
    } & Done);

/**
 * Spends the apply steps of a plan: the dry run of all of them first, and if the API server refuses one, nothing is changed
 * (behaviour D3); then the inventory, which must name an object before it exists (behaviour D8); then stage by stage.
 * Never waits: what is not ready ends it as transient, and the next pass goes on from what is (behaviour B6).
 */
export async function apply(kube: Kube, plan: Plan, settings: ApplySettings): Promise<Applied> {
  const { parallel = 8 } = settings;
  const ending = plan.apply.filter(isEnding);
  const steps = plan.apply.filter((step) => !isEnding(step));
  const before: Done = {
    steps: [
      ...plan.unchanged.map((ref) => ({ ref, outcome: "unchanged" }) as const),
      ...ending.map(({ manifest }) => ({ ref: manifest.ref, outcome: "skipped" }) as const),
    ],
    takeovers: [],
    objects: [],
    stored: [],
    equal: [],
    inventory: plan.inventory,
  };
  const taken = [...steps, ...plan.later].flatMap((step) => ofAnother(step, plan.application));
  if (taken.length > 0) return failed(before, taken, false);
  const left = await leaveFields(kube, plan);
  const start = { ...before, objects: left.objects };
  if (left.refused.length > 0) return failed(start, left.refused, false);
  if (steps.length === 0) return { ok: true, ...start };
  const defined = definedGroups(plan.unchanged);
  const spending = { kube, parallel, defined, known: plan.inventory.entries };
  const known = covers(plan.inventory, plan.union);
  // One object that is Plumbline's already is all or nothing by itself: the apply is its own rehearsal.
  if (known && steps.length + plan.later.length === 1 && isApplied(steps[0]?.live))
    return spend(spending, steps, start, new Set());

  const later = plan.later.filter((step) => !isEnding(step));
  const rehearsal = await rehearse(kube, [...steps, ...later], [...steps, ...later], parallel, defined, spending.known);
  const rehearsed = { ...start, ...noted(start, rehearsal.equal), takeovers: rehearsal.takeovers };
  if (rehearsal.refused.length > 0) return failed(start, rehearsal.refused, false);
  const equal = new Set(rehearsal.equal.map(refKey));
  const due = steps
    .filter((step) => !equal.has(refKey(step.manifest.ref)))
    .map((step) => rehearsal.adopted.get(step)?.step ?? step);
  if (due.length === 0) return { ok: true, ...rehearsed };
  if (known) return spend(spending, due, rehearsed, rehearsal.later);
  const union = { ...plan.union, entries: plan.union.entries.map(withAdopted(rehearsal)) };
  const written = await writeInventory(kube, settings.namespace, union);
  if (!written.ok) return failed(rehearsed, [written.refused], false);
  return spend(spending, due, { ...rehearsed, stored: [written.object], inventory: union }, rehearsal.later);
}

/** Entries of what was there before, noted before it is touched: which object that was, its uid says. */
function withAdopted({ adopted }: Rehearsal): (entry: InventoryEntry) => InventoryEntry {
  const uids = new Map([...adopted].map(([step, { uid }]) => [refKey(step.manifest.ref), uid]));
  return (entry) => {
    const uid = uids.get(refKey(entry));
    return uid === undefined ? entry : { ...entry, uid, adopted: true };
  };
}

/** What every step of one apply is spent with. */
interface Spending {
  readonly kube: Kube;
  readonly parallel: number;
  /** Groups of which the revision has defined kinds already. */
  readonly defined: ReadonlySet<string>;
  /** What the inventory knew before. */
  readonly known: readonly InventoryEntry[];
}

/** Applies batch by batch; before the first batch with objects that could not be tried yet, those are tried all together. */
async function spend(
  spending: Spending,
  steps: readonly ApplyStep[],
  start: Done,
  later: ReadonlySet<ApplyStep>,
): Promise<Applied> {
  const { kube, parallel, defined, known } = spending;
  let done = start;
  let wrote = false;
  let waiting = later;
  let adopted: Rehearsal["adopted"] = new Map();
  for (const batch of batchesOf(steps)) {
    if (batch.some((step) => waiting.has(step))) {
      const tried = await rehearse(kube, [...waiting], [], parallel, defined, known);
      if (tried.refused.length > 0) return failed(done, tried.refused.map(notServedYet(waiting)), wrote);
      done = { ...done, takeovers: [...done.takeovers, ...tried.takeovers] };
      waiting = new Set();
      adopted = tried.adopted;
    }
    const answers = await inParallel(batch, parallel, (step) =>
      applyStep(kube, adopted.get(step)?.step ?? step, defined),
    );
    for (const each of answers) if (each.ok) done = withAnswer(done, each);
    wrote ||= answers.some((each) => each.ok);
    const refused = answers.flatMap((each) => (each.ok ? [] : [each.refused]));
    if (refused.length > 0) return failed(done, refused, wrote);
  }
  return { ok: true, ...done };
}

type StepAnswer =
  | {
      readonly ok: true;
      readonly step: ApplyStep;
      readonly object: KubeObject;
      readonly takeovers: readonly Takeover[];
    }
  | { readonly ok: false; readonly refused: Refused };

async function applyStep(kube: Kube, step: ApplyStep, defined: ReadonlySet<string>): Promise<StepAnswer> {
  const { manifest } = step;
  const found = await resourceOf(kube, manifest, defined);
  if (!found.ok) return { ok: false, refused: found.refused };
  const { answer, takeovers } = await applyObject(kube, found.resource, manifest, false);
  if (!answer.ok) return { ok: false, refused: refusedManifest(manifest, answer.refusal) };
  return { ok: true, step, object: answer.value, takeovers };
}

function withAnswer(done: Done, { step, object, takeovers }: Extract<StepAnswer, { ok: true }>): Done {
  const { live, manifest } = step;
  const objects = [...done.objects, object];
  const known = new Set(done.takeovers.map(takeoverKey));
  const all = [...done.takeovers, ...takeovers.filter((takeover) => !known.has(takeoverKey(takeover)))];
  if (live && sameObject(object, live)) return { ...done, objects, ...noted(done, [manifest.ref]) };
  const outcome = step.adopts ? "adopted" : step.action === "create" ? "created" : "configured";
  return { ...done, objects, takeovers: all, steps: [...done.steps, { ref: manifest.ref, outcome }] };
}

/** Notes objects that proved to be as Git says. */
function noted(done: Done, equal: readonly ObjectRef[]): Pick<Done, "equal" | "steps"> {
  const unchanged = equal.map((ref) => ({ ref, outcome: "unchanged" }) as const);
  return { equal: [...done.equal, ...equal], steps: [...done.steps, ...unchanged] };
}

function failed(done: Done, refused: readonly Refused[], wrote: boolean): Applied {
  const problems = refused.map(({ problem }) => problem);
  // What is wrong in Git stays wrong when the rest has passed, so one such problem decides.
  const transient = refused.every((each) => each.transient);
  return { ok: false, ...done, problems, transient, wrote };
}

/** A kind that this very revision has just defined is not served at once; the next pass finds it. */
function notServedYet(waiting: ReadonlySet<ApplyStep>): (refused: Refused) => Refused {
  return (refused) =>
    refused.problem.code === "unknown-kind" && waiting.size > 0 ? { ...refused, transient: true } : refused;
}

/** Steps of one stage and one wave, in the order of the plan. */
function batchesOf(steps: readonly ApplyStep[]): readonly (readonly ApplyStep[])[] {
  const batches: ApplyStep[][] = [];
  for (const step of steps) {
    const last = batches.at(-1)?.[0];
    const together = last?.stage === step.stage && waveOf(last.manifest.object) === waveOf(step.manifest.object);
    if (together) batches.at(-1)?.push(step);
    else batches.push([step]);
  }
  return batches;
}

function ofAnother({ live, manifest }: ApplyStep, application: string): readonly Refused[] {
  const owner = live?.metadata.labels?.[applicationLabelKey];
  if (owner === undefined || owner === applicationLabel(application)) return [];
  const from = manifest.object.metadata.annotations?.[adoptAnnotation];
  return from !== undefined && applicationLabel(from) === owner ? [] : [anothersObject(manifest, owner)];
}

/** What is being deleted cannot be kept; its deletion event brings the pass that creates it anew. */
function isEnding(step: ApplyStep): boolean {
  return step.live?.metadata.deletionTimestamp !== undefined;
}

function takeoverKey({ ref, manager, field }: Takeover): string {
  return `${refKey(ref)} ${manager} ${field}`;
}
