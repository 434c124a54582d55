import type { JobCondition, JobStatus } from "kubernetes-types/batch/v1.js";
import { timeText, type Job, type Pod } from "../objects.ts";
import { isReady } from "../replicaset/ranking.ts";

/** Holds a pod until its end has been counted. */
export const trackingFinalizer = "batch.kubernetes.io/job-tracking";
/** The wait after a first failure and the longest one, in ms; it doubles with each failure. */
const firstWaitMs = 10_000;
const longestWaitMs = 600_000;

/** A Job's pods by what they mean for it. */
export interface JobPods {
  readonly active: readonly Pod[];
  readonly terminating: readonly Pod[];
  /** Ended well, and not yet in the Job's counters. */
  readonly succeeded: readonly Pod[];
  /** Failed or on their way out, and not yet in the Job's counters. */
  readonly failed: readonly Pod[];
}

/** Why a Job is over, as its conditions say. */
export interface Verdict {
  readonly type: "SuccessCriteriaMet" | "FailureTarget";
  readonly reason: string;
  readonly message: string;
}

/** Sorts a Job's pods. */
export function sortPods(pods: readonly Pod[]): JobPods {
  const ended = ({ status }: Pod): boolean => status?.phase === "Succeeded" || status?.phase === "Failed";
  const leaving = ({ metadata }: Pod): boolean => metadata.deletionTimestamp !== undefined;
  const uncounted = pods.filter(({ metadata }) => metadata.finalizers?.includes(trackingFinalizer));
  return {
    active: pods.filter((pod) => !ended(pod) && !leaving(pod)),
    terminating: pods.filter((pod) => !ended(pod) && leaving(pod)),
    succeeded: uncounted.filter(({ status }) => status?.phase === "Succeeded"),
    failed: uncounted.filter((pod) => pod.status?.phase === "Failed" || (!ended(pod) && leaving(pod))),
  };
}

/** The condition of a type that holds. */
export function holding(job: Job, type: string): JobCondition | undefined {
  return job.status?.conditions?.find((condition) => condition.type === type && condition.status === "True");
}

/** Whether a Job is over, or why; undefined while it goes on. */
export function verdictOf(job: Job, pods: JobPods, nowMs: number): Verdict | undefined {
  for (const type of ["FailureTarget", "SuccessCriteriaMet"] as const) {
    const known = holding(job, type);
    if (known) return { type, reason: known.reason ?? "", message: known.message ?? "" };
  }
  const failed = (job.status?.failed ?? 0) + pods.failed.length;
  const limit = job.spec.backoffLimit ?? 6;
  if (failed > limit || restartsExceed(job, pods.active, limit)) {
    return fail("BackoffLimitExceeded", "Job has reached the specified backoff limit");
  }
  const deadline = deadlineMs(job);
  if (deadline !== undefined && nowMs >= deadline) {
    return fail("DeadlineExceeded", "Job was active longer than specified deadline");
  }
  const succeeded = succeededSoFar(job, pods);
  const { completions } = job.spec;
  const enough = completions === undefined ? succeeded > 0 && pods.active.length === 0 : succeeded >= completions;
  if (!enough) return undefined;
  const message = "Reached expected number of succeeded pods";
  return { type: "SuccessCriteriaMet", reason: "CompletionsReached", message };
}

function fail(reason: string, message: string): Verdict {
  return { type: "FailureTarget", reason, message };
}

/** Containers that are restarted in place count against the limit as pods do. */
function restartsExceed(job: Job, active: readonly Pod[], limit: number): boolean {
  if (job.spec.template.spec?.restartPolicy !== "OnFailure") return false;
  const restarts = active
    .flatMap(({ status }) => [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])])
    .reduce((sum, { restartCount }) => sum + restartCount, 0);
  return limit === 0 ? restarts > 0 : restarts >= limit;
}

/** When a running Job's time is over, in ms since the epoch, if it is limited. */
export function deadlineMs(job: Job): number | undefined {
  const { activeDeadlineSeconds, suspend } = job.spec;
  const { startTime } = job.status ?? {};
  if (activeDeadlineSeconds === undefined || startTime === undefined || suspend) return undefined;
  return Date.parse(startTime) + activeDeadlineSeconds * 1000;
}

/** How many pods shall be active. */
export function wantedActive(job: Job, pods: JobPods): number {
  const parallelism = job.spec.parallelism ?? 1;
  const succeeded = succeededSoFar(job, pods);
  if (job.spec.completions !== undefined) return Math.min(job.spec.completions - succeeded, parallelism);
  return succeeded > 0 ? pods.active.length : parallelism;
}

function succeededSoFar(job: Job, pods: JobPods): number {
  return (job.status?.succeeded ?? 0) + pods.succeeded.length;
}

/** Until when no new pod is made after `failures` in a row, the last at `lastMs`. */
export function nextTryMs(failures: number, lastMs: number): number {
  return failures === 0 ? 0 : lastMs + Math.min(longestWaitMs, firstWaitMs * 2 ** (failures - 1));
}

/** The status with what the pods say now; ends that are not yet counted are named by uid. */
export function observedStatus(job: Job, pods: JobPods): JobStatus {
  const uids = (named: readonly Pod[]): string[] => named.map(({ metadata }) => metadata.uid ?? "");
  const { active: _active, ...before } = job.status ?? {};
  return {
    ...before,
    ...(pods.active.length > 0 && { active: pods.active.length }),
    ready: pods.active.filter(isReady).length,
    terminating: pods.terminating.length,
    uncountedTerminatedPods: {
      ...(pods.succeeded.length > 0 && { succeeded: uids(pods.succeeded) }),
      ...(pods.failed.length > 0 && { failed: uids(pods.failed) }),
    },
  };
}

/** The status once the ends that it names are in its counters. */
export function countedStatus(status: JobStatus): JobStatus {
  const { succeeded = [], failed = [] } = status.uncountedTerminatedPods ?? {};
  return {
    ...status,
    ...(succeeded.length > 0 && { succeeded: (status.succeeded ?? 0) + succeeded.length }),
    ...(failed.length > 0 && { failed: (status.failed ?? 0) + failed.length }),
    uncountedTerminatedPods: {},
  };
}

/** Sets a condition where its status or reason differs. */
export function withCondition(
  status: JobStatus,
  type: string,
  holds: boolean,
  { reason, message }: { readonly reason: string; readonly message: string },
  nowMs: number,
): JobStatus {
  const conditions = status.conditions ?? [];
  const before = conditions.find((condition) => condition.type === type);
  const value = holds ? "True" : "False";
  if (before?.status === value && before.reason === reason) return status;
  const time = timeText(nowMs);
  const next = { type, status: value, lastProbeTime: time, lastTransitionTime: time, reason, message };
  const changed = before
    ? conditions.map((condition) => (condition === before ? next : condition))
    : [...conditions, next];
  return { ...status, conditions: changed };
}

/** When a finished Job is to be removed, in ms since the epoch, if ever. */
export function removalMs(job: Job): number | undefined {
  const seconds = job.spec.ttlSecondsAfterFinished;
  const end = (holding(job, "Complete") ?? holding(job, "Failed"))?.lastTransitionTime;
  return seconds === undefined || end === undefined ? undefined : Date.parse(end) + seconds * 1000;
}
