import type { Inventory, InventoryEntry } from "./inventory.ts";
import type { KubeObject } from "./kube-object.ts";
import type { Manifest } from "./manifest.ts";
import type { ObjectRef } from "./object-ref.ts";

/** The stages of an apply, in their order (behaviour D4). */
export const stages = ["namespaces", "definitions", "configuration", "services", "workloads", "rest"] as const;
export type Stage = (typeof stages)[number];

/** One object to bring to the cluster. `why` says what the comparison saw, for people; `live` is what it saw. */
export interface ApplyStep {
  readonly action: "create" | "configure";
  readonly stage: Stage;
  readonly manifest: Manifest;
  readonly live?: KubeObject;
  /** Set where the object turned out to have been there before Plumbline. */
  readonly adopts?: true;
  readonly why: string;
}

/** One object of which fields are let go: `given` are their values, of which another manager becomes owner first. */
export interface LeaveStep {
  readonly manifest: Manifest;
  readonly given: KubeObject;
}

/** One object to delete once the new state is healthy (behaviour R7). */
export interface PruneStep {
  readonly action: "prune";
  readonly entry: InventoryEntry;
  readonly live: KubeObject;
  /** Set where it was there before Plumbline: it is deleted only where Git says so. */
  readonly adopted?: true;
}

/** What it takes to bring the cluster to the desired state: an immutable list in a total order, made by a pure function. */
export interface Plan {
  readonly application: string;
  readonly apply: readonly ApplyStep[];
  /** Steps that hooks or a canary keep back: tried together with the others, and not applied yet (behaviour D4). */
  readonly later: readonly ApplyStep[];
  /** Fields that Git leaves to others and that Plumbline still owns, as after the creation of an object. */
  readonly leave: readonly LeaveStep[];
  readonly unchanged: readonly ObjectRef[];
  readonly prune: readonly PruneStep[];
  /** The inventory that was planned from, as it is written now. */
  readonly inventory: Inventory;
  /** What to write before applying: everything known or about to be created. */
  readonly union: Inventory;
  /** What to write after pruning: exactly what Git asks for. */
  readonly exact: Inventory;
}

/** The annotation that orders objects within their stage: an integer, lower first, 0 where it is missing or no integer. */
export const waveAnnotation = "plumbline.dev/wave";

/** The wave of an object within its stage (behaviour D4). */
export function waveOf(object: KubeObject): number {
  const text = object.metadata.annotations?.[waveAnnotation] ?? "0";
  return /^-?\d{1,9}$/.test(text) ? Number(text) : 0;
}

/** The annotation that makes a Job a hook: `before` the revision's workloads, or `after` all of it is healthy. */
export const hookAnnotation = "plumbline.dev/hook";

/** Which hook an object is (behaviour D4); undefined where it is none. */
export function hookOf(object: KubeObject): "before" | "after" | undefined {
  const said = object.metadata.annotations?.[hookAnnotation];
  return said === "before" || said === "after" ? said : undefined;
}

/** Outcomes of a step, in the field's words. */
export const stepOutcomes = ["created", "adopted", "configured", "unchanged", "deleted", "skipped"] as const;
export type StepOutcome = (typeof stepOutcomes)[number];
