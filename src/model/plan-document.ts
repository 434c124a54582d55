import type { ObjectRef } from "./object-ref.ts";
import type { Place, Problem } from "./problem.ts";

/**
 * One field that changes, for people. `from` is missing where it is new, `to` where it goes; `note` stands in place of both where
 * no value is shown; `by` is the field manager that has it now, where that is not Plumbline.
 */
export interface FieldChange {
  /** `spec.template.spec.containers[web].image` */
  readonly field: string;
  readonly from?: string;
  readonly to?: string;
  readonly note?: string;
  readonly by?: string;
}

/** What becomes of an object: `keep` is gone from Git and stays in the cluster, as `why` says. */
export const plannedActions = ["create", "configure", "delete", "keep"] as const;
export type PlannedAction = (typeof plannedActions)[number];

/** One object that a change is about. */
export interface PlannedObject {
  readonly ref: ObjectRef;
  readonly action: PlannedAction;
  /** The file that declares it; of what is gone, the one that did. */
  readonly where?: Place;
  /** Empty but for `configure`. */
  readonly fields: readonly FieldChange[];
  readonly why?: string;
}

/** What becomes of an application: `refused` and `held` never reach the cluster, and `problems` says why. */
export const planVerdicts = ["delivered", "refused", "held"] as const;
export type PlanVerdict = (typeof planVerdicts)[number];

/** What a change does to one application. */
export interface PlannedApplication {
  readonly id: string;
  readonly change: "added" | "changed" | "removed" | "unchanged";
  readonly verdict: PlanVerdict;
  readonly problems: readonly Problem[];
  /** Worth knowing before it is merged, in plain sentences. */
  readonly notes: readonly string[];
  /** Of delivery.yaml: the gate, the namespace and the like. */
  readonly settings: readonly FieldChange[];
  readonly objects: readonly PlannedObject[];
  /** How many objects stay as they are. */
  readonly unchanged: number;
}

/** A commit and how it was named. */
export interface NamedCommit {
  readonly name: string;
  readonly commit: string;
}

/** The answer of `plumb plan`: what a change of the deployment repository would do (behaviour V5). */
export interface PlanDocument {
  readonly schema: 1;
  readonly repository: string;
  readonly from: NamedCommit;
  readonly to: NamedCommit;
  /** What it is compared with: what Git said before, or what a cluster has. */
  readonly against: "git" | "cluster";
  /** Of the repository as a whole: with any, nothing is delivered. */
  readonly problems: readonly Problem[];
  readonly notes: readonly string[];
  readonly applications: readonly PlannedApplication[];
}

/** How many objects are created, configured, deleted, and how many applications never get that far. */
export interface PlanCounts {
  readonly create: number;
  readonly configure: number;
  readonly delete: number;
  readonly refused: number;
  readonly held: number;
}

/** The counts of a plan, or of one application of it. */
export function planCounts(applications: readonly PlannedApplication[]): PlanCounts {
  const objects = applications.filter(({ verdict }) => verdict === "delivered").flatMap((one) => one.objects);
  const of = (action: PlannedAction): number => objects.filter((object) => object.action === action).length;
  return {
    create: of("create"),
    configure: of("configure"),
    delete: of("delete"),
    refused: applications.filter(({ verdict }) => verdict === "refused").length,
    held: applications.filter(({ verdict }) => verdict === "held").length,
  };
}
