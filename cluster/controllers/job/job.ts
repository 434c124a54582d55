import { timeText } from "../../clock.ts";
import { conditionOf, holds } from "../conditions.ts";
import { ignoreGone, remove, writeStatus, type Controller, type Sync } from "../controller.ts";
import { counts, isTerminating, jobs, keyOf, pods, type Job, type Pod } from "../objects.ts";
import { claim, controllerOf, ownerKeys } from "../ownership.ts";
import { createPods, deletePods, isReady } from "../pod-control.ts";
import { podsToDelete } from "../replicaset/ranking.ts";
import { failuresAfter, isFailed, nextTryMs, policyOf, replacesFailedOnly, type Failures } from "./failure.ts";
import { indexesText, indexOf, isCountable, isIndexed, surplusPods } from "./indexes.ts";
import { missingPods } from "./missing-pods.ts";
import { tallyOf, trackingFinalizer, type Tally } from "./tally.ts";
import { completionOf, deadlineMs, verdictOf, type Verdict } from "./verdict.ts";

type Status = NonNullable<Job["status"]>;

/** The name by which a Job may say that this controller, and no other, is to run it. */
const jobControllerName = "kubernetes.io/job-controller";
/** How long a change of a pod may wait for others, so that one write counts them all, in ms; as upstream. */
const batchMs = 1000;

/** Failures in a row by a Job's key, so that a failing one is tried ever more slowly. */
type FailureMemory = Map<string, Failures>;

/** Runs Jobs' pods to their completion, counts how they end, and removes Jobs when their time is over. */
export function jobController(controller: Controller): Sync {
  const memory: FailureMemory = new Map();
  controller.watch<Job>(jobs);
  controller.watch<Pod>(pods, ({ now, before }) => {
    for (const key of ownerKeys("Job", now, before)) controller.queue.addAt(key, controller.clock.now() + batchMs);
    return [];
  });
  return (namespace, name) => syncJob(controller, memory, namespace, name);
}

async function syncJob(controller: Controller, memory: FailureMemory, namespace: string, name: string): Promise<void> {
  const { client, clock, queue } = controller;
  const key = `${namespace}/${name}`;
  const found = client.get<Job>(jobs, namespace, name);
  const isOver = ["Complete", "Failed"].some((type) => holds(found?.status?.conditions, type));
  const all = client
    .list<Pod>(pods, namespace)
    .filter((pod) => !controllerOf(pod) || ownerKeys("Job", pod).includes(key));
  // Pods whose Job is gone or over wait for nothing any more.
  await release(
    controller,
    all.filter((pod) => controllerOf(pod) && (isOver || controllerOf(pod)?.uid !== found?.metadata.uid)),
  );
  if (!found || isOver) {
    memory.delete(key);
    return found && removeInTime(controller, found);
  }
  if ((found.spec.managedBy ?? jobControllerName) !== jobControllerName) return;
  const startTime = found.status?.startTime ?? (found.spec.suspend ? undefined : timeText(clock.now()));
  const job = { ...found, status: { ...found.status, ...(startTime && { startTime }) } };
  const tally = tallyOf(job, await claim(client, pods, job, job.spec.selector, all));
  const before = memory.get(key) ?? { count: 0, lastMs: 0 };
  const failures = failuresAfter(before, tally.newlySucceeded, tally.newlyFailed);

  const failed = verdictOf(tally, clock.now());
  const deed = await act(controller, tally, failures, failed);
  const verdict = failed ?? completionOf(tally, deed.active);
  const named = await writeStatus(controller, jobs, found, statusOf(controller, tally, deed, verdict));
  memory.set(key, failures);
  await release(controller, freed(tally, verdict));
  await writeCounts(controller, named, verdict);
  if (!verdict && Number.isFinite(deadlineMs(named))) queue.addAt(key, deadlineMs(named));
  if (deed.failure) throw deed.failure;
}

/** What was done to a Job's pods: how many count as active then, and which were deleted. */
interface Deed {
  readonly active: number;
  readonly removed: readonly Pod[];
  readonly failure?: Error | undefined;
}

/** Ends pods that are not wanted, or else makes those that are missing. */
async function act(
  controller: Controller,
  tally: Tally,
  failures: Failures,
  verdict: Verdict | undefined,
): Promise<Deed> {
  const { job, active } = tally;
  if (isTerminating(job) && !verdict) return { active: active.length, removed: [] };
  const wanted = verdict || job.spec.suspend ? 0 : wantedActive(tally);
  const surplus = surplusPods(job, active);
  const others = active.filter((pod) => !surplus.includes(pod));
  const more = Math.max(0, active.length - wanted - surplus.length);
  const doomed = [...surplus, ...podsToDelete(others, [], more, controller.clock.now())];
  if (doomed.length > 0 || verdict || job.spec.suspend) {
    // Those of a Job that goes on are let go first: they do not count as failed.
    if (!verdict) await release(controller, doomed);
    const { done, failure } = await deletePods(controller, job, doomed);
    return { active: active.length - done.length, removed: done, failure };
  }
  const missing = wanted - active.length - (replacesFailedOnly(job) ? tally.terminating.length : 0);
  if (missing <= 0) return { active: active.length, removed: [] };
  const made = missingPods(tally, missing, controller.clock.now());
  const nextTry = tally.failedIndexes ? made.nextTryMs : nextTryMs(failures);
  if (nextTry > controller.clock.now()) {
    controller.queue.addAt(keyOf(job), nextTry);
    // As upstream, which counts none as active while it waits.
    return { active: 0, removed: [] };
  }
  const { done, failure } = await createPods(controller, job, made.pods);
  return { active: active.length + done.length, removed: [], failure };
}

function wantedActive({ job, active, succeeded }: Tally): number {
  const { completions, parallelism = 1 } = job.spec;
  if (completions !== undefined) return Math.max(0, Math.min(completions - succeeded, parallelism));
  return succeeded > 0 ? active.length : parallelism;
}

/** The pods that need not be held any longer: their end is told by the status, or does not count. */
function freed({ job, tracked, toReplace }: Tally, verdict: Verdict | undefined): readonly Pod[] {
  return tracked.filter((pod) => {
    if (isTerminating(job) || verdict || pod.status?.phase === "Succeeded") return true;
    return isFailed(job, pod) && toReplace.get(indexOf(pod)) !== pod;
  });
}

/** The status with what the pods say now; ends that are not yet counted are named by uid. */
function statusOf(
  controller: Controller,
  tally: Tally,
  { active, removed }: Deed,
  verdict: Verdict | undefined,
): Status {
  const { job, succeededIndexes, failedIndexes } = tally;
  const nowMs = controller.clock.now();
  const { active: _active, uncountedTerminatedPods: named, ...before } = rested(controller, job, verdict);
  const ended = freed(tally, verdict).filter((pod) => isCountable(job, pod));
  const succeeded = ended.filter(({ status }) => status?.phase === "Succeeded" && !isIndexed(job));
  // Of a Job that fails, every pod that has not succeeded counts as failed.
  const failed = ended.filter(
    (pod) =>
      pod.status?.phase !== "Succeeded" &&
      (isFailed(job, pod) || verdict?.type === "FailureTarget") &&
      policyOf(job, pod).action !== "Ignore",
  );
  const names = (before: readonly string[] = [], more: readonly Pod[]): string[] => [
    ...before,
    ...more.map(({ metadata }) => metadata.uid ?? ""),
  ];
  const uncounted = { succeeded: names(named?.succeeded, succeeded), failed: names(named?.failed, failed) };
  const status = {
    ...before,
    ...counts({ active, ...(isIndexed(job) && { succeeded: succeededIndexes.size }) }),
    ...(succeededIndexes.size > 0 && { completedIndexes: indexesText(succeededIndexes) }),
    ...(failedIndexes && { failedIndexes: indexesText(failedIndexes) }),
    ready: tally.active.filter((pod) => isReady(pod) && !removed.includes(pod)).length,
    terminating: tally.terminating.length + removed.length,
    uncountedTerminatedPods: Object.fromEntries(Object.entries(uncounted).filter(([, uids]) => uids.length > 0)),
  };
  return verdict ? withCondition(status, [verdict.type, "True", verdict.reason, verdict.message], nowMs) : status;
}

/** The status with whether the Job rests; its time starts anew when it goes on. */
function rested({ event, clock }: Controller, job: Job, verdict: Verdict | undefined): Status {
  const status = job.status ?? {};
  const isResting = holds(status.conditions, "Suspended");
  const shall = job.spec.suspend === true;
  if (verdict || isTerminating(job) || isResting === shall) return status;
  const word = shall ? "Suspended" : "Resumed";
  const message = `Job ${word.toLowerCase()}`;
  event(job, "Normal", word, message);
  const said = ["Suspended", shall ? "True" : "False", `Job${word}`, message] as const;
  return withCondition(shall ? status : { ...status, startTime: timeText(clock.now()) }, said, clock.now());
}

/**
 * Counts the ends that the status names, which are released by now, and says that the Job is over once no pod is left.
 * Names first, then the release, then the counters in place of the names: so no count is lost, whatever fails in between.
 */
async function writeCounts(controller: Controller, job: Job, verdict: Verdict | undefined): Promise<void> {
  const { event, clock } = controller;
  const { uncountedTerminatedPods: named = {}, ...before } = job.status ?? {};
  const status = {
    ...before,
    ...counts({
      succeeded: (before.succeeded ?? 0) + (named.succeeded?.length ?? 0),
      failed: (before.failed ?? 0) + (named.failed?.length ?? 0),
    }),
    uncountedTerminatedPods: {},
  };
  if (!verdict || (status.terminating ?? 0) > 0) return void (await writeStatus(controller, jobs, job, status));
  const { type, reason, message } = verdict;
  const isSuccess = type === "SuccessCriteriaMet";
  const said = [isSuccess ? "Complete" : "Failed", "True", reason, message] as const;
  const final = withCondition(
    isSuccess ? { ...status, completionTime: timeText(clock.now()) } : status,
    said,
    clock.now(),
  );
  await writeStatus(controller, jobs, job, final);
  if (isSuccess) event(job, "Normal", "Completed", "Job completed");
  else event(job, "Warning", reason, message);
}

/** Sets a condition in its place where it says something else. */
function withCondition(
  status: Status,
  [type, value, reason, message]: readonly [type: string, status: string, reason: string, message: string],
  nowMs: number,
): Status {
  const { conditions = [] } = status;
  const before = conditionOf(conditions, type);
  if (before?.status === value && before.reason === reason && before.message === message) return status;
  const time = timeText(nowMs);
  const next = { type, status: value, lastProbeTime: time, lastTransitionTime: time, reason, message };
  const replaced = conditions.map((condition) => (condition === before ? next : condition));
  return { ...status, conditions: before ? replaced : [...conditions, next] };
}

/** Takes from pods the finalizer that holds them. */
async function release({ client }: Controller, held: readonly Pod[]): Promise<void> {
  for (const { metadata } of held) {
    const { namespace = "", name = "", uid } = metadata;
    const { finalizers = [] } = client.get<Pod>(pods, namespace, name)?.metadata ?? {};
    if (!finalizers.includes(trackingFinalizer)) continue;
    const left = finalizers.filter((finalizer) => finalizer !== trackingFinalizer);
    const patch = { metadata: { uid, finalizers: left.length > 0 ? left : null } };
    await client.mergePatch(pods, namespace, name, patch).catch(ignoreGone);
  }
}

async function removeInTime(controller: Controller, job: Job): Promise<void> {
  const { ttlSecondsAfterFinished: seconds } = job.spec;
  const over = (job.status?.conditions ?? []).find(({ type }) => type === "Complete" || type === "Failed");
  if (seconds === undefined || isTerminating(job)) return;
  const at = Date.parse(over?.lastTransitionTime ?? "") + seconds * 1000;
  if (controller.clock.now() < at) controller.queue.addAt(keyOf(job), at);
  else await remove(controller, jobs, job, { propagation: "Foreground" });
}
