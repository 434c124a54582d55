import { isTerminating, type Job, type Pod } from "../objects.ts";
import { isActive, isOver } from "../pod-control.ts";
import { endedMs, isFailed, policyOf } from "./failure.ts";
import { failuresBefore, indexOf, isCountable, isIndexed, parseIndexes } from "./indexes.ts";

/** Holds a pod until its end has been counted. */
export const trackingFinalizer = "batch.kubernetes.io/job-tracking";

/** A Job and what its pods come to. */
export interface Tally {
  readonly job: Job;
  readonly active: readonly Pod[];
  readonly terminating: readonly Pod[];
  /** Those whose end is not counted yet, nor named in the status as to be counted. */
  readonly tracked: readonly Pod[];
  readonly newlySucceeded: readonly Pod[];
  readonly newlyFailed: readonly Pod[];
  readonly succeeded: number;
  readonly failed: number;
  readonly succeededIndexes: ReadonlySet<number>;
  /** Indexes that have failed too often; undefined where failures are not limited by index. */
  readonly failedIndexes: ReadonlySet<number> | undefined;
  /** By index the failed pod that stays until its successor has taken over its count of failures. */
  readonly toReplace: ReadonlyMap<number, Pod>;
}

/** Counts a Job's pods. */
export function tallyOf(job: Job, pods: readonly Pod[]): Tally {
  const { completions = 0, backoffLimitPerIndex } = job.spec;
  const { status = {} } = job;
  const { succeeded: namedSucceeded = [], failed: namedFailed = [] } = status.uncountedTerminatedPods ?? {};
  const named = new Set([...namedSucceeded, ...namedFailed]);
  const active = pods.filter(isActive);
  const tracked = pods.filter(
    ({ metadata: { finalizers, uid = "" } }) => finalizers?.includes(trackingFinalizer) && !named.has(uid),
  );
  const countable = tracked.filter((pod) => isCountable(job, pod));
  const newlySucceeded = countable.filter(({ status }) => status?.phase === "Succeeded");
  const newlyFailed = countable.filter((pod) => isFailed(job, pod));
  const counted = newlyFailed.filter((pod) => policyOf(job, pod).action !== "Ignore");

  const known = isIndexed(job) ? parseIndexes(status.completedIndexes, completions) : [];
  const succeededIndexes = new Set([...known, ...(isIndexed(job) ? newlySucceeded.map(indexOf) : [])]);
  const isLost = (pod: Pod): boolean =>
    policyOf(job, pod).action === "FailIndex" || failuresBefore(pod, true) >= (backoffLimitPerIndex ?? 0);
  const failedIndexes =
    backoffLimitPerIndex === undefined
      ? undefined
      : new Set([...parseIndexes(status.failedIndexes, completions), ...counted.filter(isLost).map(indexOf)]);
  const settled = new Set([...succeededIndexes, ...(failedIndexes ?? []), ...active.map(indexOf)]);
  const replaceable = newlyFailed.filter((pod) => failedIndexes && !settled.has(indexOf(pod)));
  return {
    job,
    active,
    tracked,
    newlySucceeded,
    newlyFailed,
    succeededIndexes,
    failedIndexes,
    terminating: pods.filter((pod) => isTerminating(pod) && !isOver(pod)),
    succeeded: isIndexed(job)
      ? succeededIndexes.size
      : (status.succeeded ?? 0) + namedSucceeded.length + newlySucceeded.length,
    failed: (status.failed ?? 0) + namedFailed.length + counted.length,
    toReplace: new Map(
      replaceable
        .toSorted((a, b) => failuresBefore(a, false) - failuresBefore(b, false) || endedMs(a) - endedMs(b))
        .map((pod) => [indexOf(pod), pod]),
    ),
  };
}
