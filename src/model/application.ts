import type { HealthRule } from "./health-rule.ts";
import type { IgnoreRule } from "./ignore-rule.ts";

/** What to do when a gate fails: put Git back by a commit, propose that on a branch, or leave the rollout blocked for a person. */
export const failurePolicies = ["revert", "branch", "hold"] as const;
export type FailurePolicy = (typeof failurePolicies)[number];

/** What every check may say. */
interface AnyCheck {
  /** Asked during the soak as well, and ends the delivery when it has failed without a break for so many milliseconds. */
  readonly failAfterMs?: number;
}

/** One HTTP check of a rollout (behaviour R3): GET `http` and compare status and JSON members by dotted path. */
export interface HttpCheck extends AnyCheck {
  readonly http: string;
  readonly expect: { readonly status: number; readonly json: { readonly [path: string]: string | number | boolean } };
}

/** What a query says of the new pods, as a factor of what it says of the old ones. */
export interface Comparison {
  readonly atMost?: number;
  readonly atLeast?: number;
  /** Good enough, whatever the old pods have. */
  readonly orBelow?: number;
  readonly orAbove?: number;
}

/** One query of a Prometheus service, the bounds that every sample must keep, and how it compares (behaviour R3). */
export interface MetricCheck extends AnyCheck {
  /** `http://service.namespace[:port]`. */
  readonly prometheus: string;
  readonly query: string;
  readonly below?: number;
  readonly above?: number;
  readonly compare?: Comparison;
}

/** A share of the pods that tries a changed template before the rest is changed. */
export interface CanaryPolicy {
  /** Percent of the replicas, from 1 to 100; rounded up to whole pods. */
  readonly share: number;
  /** How long the canary must stay healthy. */
  readonly soakMs: number;
}

/** The gate a revision must pass. Durations are milliseconds. */
export interface RolloutPolicy {
  /** How long a revision may take to become healthy. */
  readonly deadlineMs: number;
  /** How long it must then stay healthy. */
  readonly soakMs: number;
  readonly onFailure: FailurePolicy;
  /** Container restarts of one pod that are still taken for a start-up hiccup; one more is a crash loop. */
  readonly maxRestarts: number;
  /** So many of the last lines of a failed container's log are told; absent: none. */
  readonly logLines?: number;
  /** Absent: every pod is changed at once, as its Deployment's strategy says. */
  readonly canary?: CanaryPolicy;
  readonly checks: readonly (HttpCheck | MetricCheck)[];
}

/** How often checks are asked, in milliseconds: they have no watch that tells when their answer is another. */
export const askEveryMs = 1000;

/**
 * How long checks have at least, in milliseconds: where the soak ends with the deadline or beyond it, one answer must not
 * decide for ever.
 */
export function leastForChecksMs({ deadlineMs }: RolloutPolicy): number {
  return Math.min(10_000, deadlineMs);
}

/** How the commit of a promotion reaches the tracked branch: directly, or by a branch that people review and merge. */
export const promotionWays = ["commit", "branch"] as const;
export type PromotionWay = (typeof promotionWays)[number];

/** Where the images of an application come from (behaviour P1). */
export interface PromotionSource {
  /** The environment in which they must have been healthy. */
  readonly from: string;
  readonly via: PromotionWay;
  /** How long they must have been healthy there, beyond its own gate, in milliseconds. */
  readonly soakMs: number;
}

/** What must be signed for an application to be delivered: the commits that it comes by, the images that it runs. */
export const requirements = ["signed", "signed-images"] as const;
export type Requirement = (typeof requirements)[number];

/** One directory of the deployment repository that is delivered on its own. */
export interface Application {
  /** `environment/name`, unique in the repository. */
  readonly id: string;
  readonly name: string;
  readonly environment: string;
  /** The directory, relative to the root, without slashes at the ends. */
  readonly path: string;
  /** The cluster that it is delivered to, by its name in the engine's kubeconfig; absent for the engine's own. */
  readonly cluster?: string;
  /** Where objects without a namespace go, and the only namespace that namespaced objects may name. */
  readonly namespace: string;
  /** Cluster-scoped kinds that the application may deliver, as `group/Kind` ("/Namespace" for the core group). */
  readonly allowClusterKinds: readonly string[];
  readonly rollout: RolloutPolicy;
  /** How the health of kinds is told where the built-in rules are not meant; the first that fits counts. */
  readonly health: readonly HealthRule[];
  /** What Git wants signed; an engine may want so whatever Git says. */
  readonly requires?: readonly Requirement[];
  /** Fields that are left to others; default none. */
  readonly ignore?: readonly IgnoreRule[];
  readonly promotion?: PromotionSource;
  /** The ids of those that must be healthy before a revision of this one begins (behaviour R6). */
  readonly after: readonly string[];
  /** True when Git says that a revision without any object is meant. */
  readonly allowEmpty: boolean;
  /** What Git says may be deleted though more goes with it or it was adopted, as `Kind/name`. */
  readonly allowPrune?: readonly string[];
}

/** `staging/probe` -> `staging.probe`: the id as a label value and as a part of object names. */
export function applicationLabel(id: string): string {
  return id.replaceAll("/", ".");
}

/** The label that marks an object as delivered by an application; its value is `applicationLabel(id)`. */
export const applicationLabelKey = "plumbline.dev/application";

/** The annotation that keeps an object when it is gone from Git: `plumbline.dev/prune: "false"`. */
export const pruneAnnotation = "plumbline.dev/prune";

/** The annotation by which Git takes an object over from another application, by that one's id: `plumbline.dev/adopt: staging/old`. */
export const adoptAnnotation = "plumbline.dev/adopt";

/** The field manager under which values stand that Git gave at the creation and that are left to others since. */
export const initialManager = "plumbline-initial";

/** The field manager of everything that Plumbline applies (behaviour D5). */
export const fieldManager = "plumbline";
