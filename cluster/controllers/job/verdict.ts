import { conditionOf, holds } from "../conditions.ts";
import type { Job, Pod } from "../objects.ts";
import { isFailed, policyOf } from "./failure.ts";
import { parseIndexes } from "./indexes.ts";
import type { Tally } from "./tally.ts";

/** Why a Job is over, as its conditions say. */
export interface Verdict {
  readonly type: "SuccessCriteriaMet" | "FailureTarget";
  readonly reason: string;
  readonly message: string;
}

/** The verdict that the Job's status holds already, or else what its policies make of its pods; undefined while it goes on. */
export function verdictOf(tally: Tally, nowMs: number): Verdict | undefined {
  const { job, failedIndexes } = tally;
  const { backoffLimit = 6, completions = 0, maxFailedIndexes } = job.spec;
  for (const type of ["SuccessCriteriaMet", "FailureTarget"] as const) {
    const { reason = "", message = "" } = conditionOf(job.status?.conditions, type) ?? {};
    if (holds(job.status?.conditions, type)) return { type, reason, message };
  }
  const fatal = [...tally.active, ...tally.terminating, ...tally.newlyFailed]
    .filter((pod) => isFailed(job, pod))
    .map((pod) => policyOf(job, pod))
    .find(({ action }) => action === "FailJob");
  if (fatal) return fail("PodFailurePolicy", fatal.message);
  if (tally.failed > backoffLimit || restartsExceed(tally)) {
    return fail("BackoffLimitExceeded", "Job has reached the specified backoff limit");
  }
  if (nowMs >= deadlineMs(job)) return fail("DeadlineExceeded", "Job was active longer than specified deadline");
  if (failedIndexes && failedIndexes.size > (maxFailedIndexes ?? Number.POSITIVE_INFINITY)) {
    return fail("MaxFailedIndexesExceeded", "Job has exceeded the specified maximal number of failed indexes");
  }
  if (failedIndexes && failedIndexes.size > 0 && failedIndexes.size + tally.succeeded >= completions) {
    return fail("FailedIndexes", "Job has failed indexes");
  }
  const rule = fulfilledRule(tally);
  return rule < 0 ? undefined : succeed("SuccessPolicy", `Matched rules at index ${rule}`);
}

/** That enough pods have succeeded, where they have and `active` are left. */
export function completionOf({ job, succeeded }: Tally, active: number): Verdict | undefined {
  const isComplete = active === 0 && succeeded >= (job.spec.completions ?? 1);
  return isComplete ? succeed("CompletionsReached", "Reached expected number of succeeded pods") : undefined;
}

function fail(reason: string, message: string): Verdict {
  return { type: "FailureTarget", reason, message };
}

function succeed(reason: string, message: string): Verdict {
  return { type: "SuccessCriteriaMet", reason, message };
}

/** Containers that are restarted in place count against the limit as pods do. */
function restartsExceed({ job, active, terminating }: Tally): boolean {
  const { backoffLimit = 6, template } = job.spec;
  if (template.spec?.restartPolicy !== "OnFailure") return false;
  const restarts = [...active, ...terminating]
    .flatMap(({ status }: Pod) => [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])])
    .reduce((sum, { restartCount }) => sum + restartCount, 0);
  return restarts >= Math.max(1, backoffLimit);
}

/** When a running Job's time is over, in ms since the epoch; never where it is not limited. */
export function deadlineMs({ spec, status }: Job): number {
  const { activeDeadlineSeconds: seconds, suspend } = spec;
  if (seconds === undefined || status?.startTime === undefined || suspend) return Number.POSITIVE_INFINITY;
  return Date.parse(status.startTime) + seconds * 1000;
}

/** The first rule of the success policy that the succeeded indexes fulfil; -1 for none. */
function fulfilledRule({ job, succeededIndexes }: Tally): number {
  const { completions = 0 } = job.spec;
  const rules = (job.spec as { successPolicy?: { rules: readonly SuccessRule[] } }).successPolicy?.rules ?? [];
  return rules.findIndex((rule) => {
    const wanted = rule.succeededIndexes === undefined ? undefined : parseIndexes(rule.succeededIndexes, completions);
    const reached = wanted ? [...wanted].filter((index) => succeededIndexes.has(index)).length : succeededIndexes.size;
    const needed = Math.min(rule.succeededCount ?? Number.POSITIVE_INFINITY, wanted?.size ?? Number.POSITIVE_INFINITY);
    return reached > 0 && reached >= needed;
  });
}

/** Which indexes, and how many of them (or of all), make a Job a success. */
interface SuccessRule {
  readonly succeededIndexes?: string;
  readonly succeededCount?: number;
}
