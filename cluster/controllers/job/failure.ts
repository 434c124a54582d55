import type { ContainerStatus } from "kubernetes-types/core/v1.js";
import type { PodFailurePolicyOnExitCodesRequirement, PodFailurePolicyRule } from "kubernetes-types/batch/v1.js";
import { readyCondition } from "../pod-control.ts";
import { isTerminating, type Job, type Pod } from "../objects.ts";

/** The wait after a first failure and the longest one, in ms; it doubles with each failure. */
const firstWaitMs = 10_000;
const longestWaitMs = 600_000;

/** Whether a pod is replaced only once it has failed, and not already when it is on its way out. */
export function replacesFailedOnly({ spec }: Job): boolean {
  return spec.podFailurePolicy !== undefined || spec.podReplacementPolicy === "Failed";
}

/** Whether a pod counts as failed: one that someone deletes may never get to say so itself. */
export function isFailed(job: Job, pod: Pod): boolean {
  if (pod.status?.phase === "Failed") return true;
  return !replacesFailedOnly(job) && isTerminating(pod) && pod.status?.phase !== "Succeeded";
}

/** What the first rule that fits a failed pod says of it: the action, and why, as a failed Job tells. */
export function policyOf({ spec }: Job, pod: Pod): { readonly action: string; readonly message: string } {
  for (const [index, rule] of (spec.podFailurePolicy?.rules ?? []).entries()) {
    const why = matched(rule, pod);
    if (why !== undefined)
      return { action: rule.action, message: `${why} matching ${rule.action} rule at index ${index}` };
  }
  return { action: "Count", message: "" };
}

function matched({ onExitCodes, onPodConditions = [] }: PodFailurePolicyRule, pod: Pod): string | undefined {
  const { namespace = "", name = "" } = pod.metadata;
  if (onExitCodes) {
    const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
    const container = [...containerStatuses, ...initContainerStatuses].find((each) => exited(onExitCodes, each));
    const code = container?.state?.terminated?.exitCode;
    return container && `Container ${container.name} for pod ${namespace}/${name} failed with exit code ${code}`;
  }
  const condition = pod.status?.conditions?.find(({ type, status }) =>
    onPodConditions.some((pattern) => pattern.type === type && (pattern.status ?? "True") === status),
  );
  return condition && `Pod ${namespace}/${name} has condition ${condition.type}`;
}

function exited(
  { containerName, operator, values }: PodFailurePolicyOnExitCodesRequirement,
  { name, state }: ContainerStatus,
): boolean {
  const code = state?.terminated?.exitCode ?? 0;
  return code !== 0 && (containerName ?? name) === name && values.includes(code) === (operator === "In");
}

/** When a pod came to its end, in ms since the epoch. */
export function endedMs(pod: Pod): number {
  const { creationTimestamp = "", deletionTimestamp, deletionGracePeriodSeconds = 0 } = pod.metadata;
  const ends = (pod.status?.containerStatuses ?? []).map(({ state }) =>
    Date.parse(state?.terminated?.finishedAt ?? ""),
  );
  if (ends.length > 0 && ends.every(Number.isFinite)) return Math.max(...ends);
  const ready = readyCondition(pod);
  if (ready?.status === "False" && ready.lastTransitionTime) return Date.parse(ready.lastTransitionTime);
  if (deletionTimestamp !== undefined) return Date.parse(deletionTimestamp) - deletionGracePeriodSeconds * 1000;
  return Date.parse(creationTimestamp);
}

/** Failures in a row, and when the last one was. */
export interface Failures {
  readonly count: number;
  readonly lastMs: number;
}

/** The failures in a row after pods have ended: a success makes those before it forgotten. */
export function failuresAfter(before: Failures, succeeded: readonly Pod[], failed: readonly Pod[]): Failures {
  const successMs = Math.max(...succeeded.map(endedMs));
  const later = failed.map(endedMs).filter((at) => at > successMs);
  const earlier = succeeded.length > 0 ? 0 : before.count;
  return { count: earlier + later.length, lastMs: later.length > 0 ? Math.max(...later) : before.lastMs };
}

/** Until when no new pod is made, in ms since the epoch. */
export function nextTryMs({ count, lastMs }: Failures): number {
  return count === 0 ? 0 : lastMs + Math.min(longestWaitMs, firstWaitMs * 2 ** (count - 1));
}
