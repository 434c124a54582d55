import type { JobStatus } from "kubernetes-types/batch/v1.js";
import { isDeepStrictEqual } from "node:util";
import { ApiError } from "../../client.ts";
import { createController, type Controller, type Surroundings } from "../controller.ts";
import { isTerminating, jobs, keyOf, pods, splitKey, timeText, type Job, type Pod } from "../objects.ts";
import { controllerOf } from "../ownership.ts";
import { isNamespaceGoing, newPod, slowStart } from "../pod-making.ts";
import {
  countedStatus,
  deadlineMs,
  holding,
  nextTryMs,
  observedStatus,
  removalMs,
  sortPods,
  trackingFinalizer,
  verdictOf,
  wantedActive,
  withCondition,
  type JobPods,
  type Verdict,
} from "./progress.ts";

/** Runs Jobs' pods to their completion, counts how they end, and removes Jobs when their time is over. Returns the stop. */
export function startJobs(surroundings: Surroundings): () => void {
  const failures = new Failures();
  const controller = createController(surroundings, "job-controller", (controller, key) =>
    syncJob(controller, failures, key),
  );
  controller.watch<Job>(jobs, (now, before) => {
    const job = now ?? before;
    if (job) controller.queue.add(keyOf(job));
  });
  controller.watch<Pod>(pods, (now, before) => {
    const owner = controllerOf(now ?? before);
    const namespace = (now ?? before)?.metadata.namespace ?? "";
    if (owner?.kind === "Job") controller.queue.add(`${namespace}/${owner.name}`);
  });
  return controller.stop;
}

/** Failures of each Job since its last success, so that a failing one is tried ever more slowly. */
class Failures {
  readonly #byUid = new Map<string | undefined, { readonly count: number; readonly lastMs: number }>();

  note(job: Job, { failed, succeeded }: JobPods, nowMs: number): void {
    const { uid } = job.metadata;
    if (succeeded.length > 0) this.#byUid.delete(uid);
    // A pod that ends because of the Job's own decision is no failure of its program.
    const ownFault = failed.filter(({ status }) => status?.phase === "Failed").length;
    if (ownFault > 0) this.#byUid.set(uid, { count: (this.#byUid.get(uid)?.count ?? 0) + ownFault, lastMs: nowMs });
  }

  nextTryMs({ metadata: { uid } }: Job): number {
    const { count = 0, lastMs = 0 } = this.#byUid.get(uid) ?? {};
    return nextTryMs(count, lastMs);
  }

  forget({ metadata: { uid } }: Job): void {
    this.#byUid.delete(uid);
  }
}

async function syncJob(controller: Controller, failures: Failures, key: string): Promise<void> {
  const { client, clock } = controller;
  const { namespace, name } = splitKey(key);
  const job = client.get<Job>(jobs, namespace, name);
  const own = client.list<Pod>(pods, namespace).filter((pod) => {
    const owner = controllerOf(pod);
    return owner?.kind === "Job" && owner.name === name && (!job || owner.uid === job.metadata.uid);
  });
  if (!job) return release(controller, own);
  if (holding(job, "Complete") ?? holding(job, "Failed")) {
    failures.forget(job);
    await release(controller, own);
    return removeInTime(controller, job);
  }
  const started = startNow(job, clock.now());
  const before = sortPods(own);
  failures.note(job, before, clock.now());
  const verdict = verdictOf(started, before, clock.now());
  const after = await actOn(controller, failures, started, before, verdict);
  await report(controller, { job, started, pods: after.pods, verdict });
  const deadline = deadlineMs(started);
  if (deadline !== undefined && !verdict) controller.queue.addAt(key, deadline);
  if (after.failure) throw after.failure;
}

function startNow(job: Job, nowMs: number): Job {
  if (job.spec.suspend || job.status?.startTime !== undefined) return job;
  return { ...job, status: { ...job.status, startTime: timeText(nowMs) } };
}

interface Acted {
  readonly pods: JobPods;
  readonly failure?: Error | undefined;
}

/** Ends pods that are not wanted or makes those that are missing; gives the pods as the status shall count them. */
async function actOn(
  controller: Controller,
  failures: Failures,
  job: Job,
  current: JobPods,
  verdict: Verdict | undefined,
): Promise<Acted> {
  if (isTerminating(job)) return { pods: current };
  const { active } = current;
  const wanted = verdict || job.spec.suspend ? 0 : Math.max(0, wantedActive(job, current));
  if (active.length > wanted) {
    const doomed = active.slice(wanted);
    for (const pod of doomed) await endPod(controller, job, pod);
    // They count as failed at once, except for those of a Job that merely rests.
    const failed = job.spec.suspend && !verdict ? current.failed : [...current.failed, ...doomed];
    const left = { active: active.slice(0, wanted), terminating: [...current.terminating, ...doomed], failed };
    return { pods: { ...current, ...left } };
  }
  const missing = wanted - active.length;
  const nextTry = failures.nextTryMs(job);
  if (missing > 0 && controller.clock.now() < nextTry) {
    controller.queue.addAt(keyOf(job), nextTry);
    return { pods: current };
  }
  const made: Pod[] = [];
  const failure = await slowStart(missing, () => startPod(controller, job, made));
  return { pods: { ...current, active: [...active, ...made] }, failure };
}

async function startPod(controller: Controller, job: Job, made: Pod[]): Promise<Error | undefined> {
  const pod = newPod(job, job.spec.template);
  const finalizers = [...(pod.metadata.finalizers ?? []), trackingFinalizer];
  try {
    const created = await controller.client.create<Pod>(pods, { ...pod, metadata: { ...pod.metadata, finalizers } });
    made.push(created);
    controller.event(job, "Normal", "SuccessfulCreate", `Created pod: ${created.metadata.name ?? ""}`);
    return undefined;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (!isNamespaceGoing(error)) controller.event(job, "Warning", "FailedCreate", `Error creating: ${error.message}`);
    return error;
  }
}

async function endPod({ client, event }: Controller, job: Job, pod: Pod): Promise<void> {
  const { namespace = "", name = "", uid = "" } = pod.metadata;
  await client.delete(pods, namespace, name, { uid }).catch(ignoreGone);
  event(job, "Normal", "SuccessfulDelete", `Deleted pod: ${name}`);
}

interface Report {
  readonly job: Job;
  readonly started: Job;
  readonly pods: JobPods;
  readonly verdict: Verdict | undefined;
}

/**
 * Writes the status in the order that loses no count, whatever fails in between: first the names of the pods that ended,
 * then their release, then the counters in place of the names.
 */
async function report(controller: Controller, { job, started, pods, verdict }: Report): Promise<void> {
  const nowMs = controller.clock.now();
  const rested = withRest(controller, started, observedStatus(started, pods), nowMs);
  const observed = verdict ? withCondition(rested, verdict.type, true, verdict, nowMs) : rested;
  const named = await write(controller, job, observed);
  await release(controller, [...pods.succeeded, ...pods.failed]);
  const counted = countedStatus(observed);
  if (!verdict || pods.terminating.length > 0) {
    await write(controller, named, counted);
    return;
  }
  const success = verdict.type === "SuccessCriteriaMet";
  const final = withCondition(counted, success ? "Complete" : "Failed", true, verdict, nowMs);
  await write(controller, named, success ? { ...final, completionTime: timeText(nowMs) } : final);
  if (success) controller.event(job, "Normal", "Completed", "Job completed");
  else controller.event(job, "Warning", verdict.reason, verdict.message);
}

/** Says when a Job rests and goes on; its time starts anew then. */
function withRest({ event }: Controller, job: Job, status: JobStatus, nowMs: number): JobStatus {
  const rests = holding(job, "Suspended") !== undefined;
  if (job.spec.suspend === true && !rests) {
    event(job, "Normal", "Suspended", "Job suspended");
    const { startTime: _startTime, ...others } = status;
    return withCondition(others, "Suspended", true, { reason: "JobSuspended", message: "Job suspended" }, nowMs);
  }
  if (job.spec.suspend === true || !rests) return status;
  event(job, "Normal", "Resumed", "Job resumed");
  return withCondition(status, "Suspended", false, { reason: "JobResumed", message: "Job resumed" }, nowMs);
}

async function write({ client }: Controller, job: Job, status: JobStatus): Promise<Job> {
  return isDeepStrictEqual(status, job.status) ? job : client.updateStatus(jobs, { ...job, status });
}

/** Lets pods go whose end is counted, or whose Job is gone or over. */
async function release({ client }: Controller, ended: readonly Pod[]): Promise<void> {
  for (const { metadata } of ended) {
    const { namespace = "", name = "", uid } = metadata;
    const current = client.get<Pod>(pods, namespace, name);
    const finalizers = current?.metadata.finalizers ?? [];
    if (current?.metadata.uid !== uid || !finalizers.includes(trackingFinalizer)) continue;
    const left = finalizers.filter((finalizer) => finalizer !== trackingFinalizer);
    await client
      .mergePatch(pods, namespace, name, { metadata: { uid, finalizers: left.length > 0 ? left : null } })
      .catch(ignoreGone);
  }
}

async function removeInTime({ client, clock, queue }: Controller, job: Job): Promise<void> {
  const removal = removalMs(job);
  if (removal === undefined || isTerminating(job)) return;
  if (clock.now() < removal) {
    queue.addAt(keyOf(job), removal);
    return;
  }
  const { namespace = "", name = "", uid = "" } = job.metadata;
  await client.delete(jobs, namespace, name, { propagation: "Foreground", uid }).catch(ignoreGone);
}

function ignoreGone(error: unknown): void {
  if (!(error instanceof ApiError && (error.code === 404 || error.code === 409))) throw error;
}
