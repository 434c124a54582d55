import { valueAt } from "../model/json.ts";
import type { Json } from "../model/json.ts";
import type { Health } from "../model/health.ts";
import { because, condition, current, dead, failed, inProgress, listAt, numberAt, textAt } from "./conditions.ts";

/** A Job is healthy when it is done (stricter than kstatus, as Flux's reader): a running one is on its way. */
export function jobHealth(job: Json): Health {
  const complete = condition(job, "Complete");
  if (complete?.status === "True") return current("JobComplete", "it completed");
  const failure = condition(job, "Failed");
  if (failure?.status === "True") return dead("JobFailed", `it failed${because(failure.message)}${indexes(job)}`);
  const met = condition(job, "SuccessCriteriaMet");
  if (met?.status === "True") return inProgress("JobCompleting", "it has done enough, and its pods are being ended");
  const target = condition(job, "FailureTarget");
  if (target?.status === "True") return failed("JobFailing", `it is failing${because(target.message)}`);
  const stopped = condition(job, "Suspended")?.status !== "False";
  if (stopped && valueAt(job, "spec", "suspend") === true) return current("JobSuspended", "it is suspended");
  if (textAt(job, "status", "startTime") === "") return inProgress("JobNotStarted", "it has not started yet");
  const active = numberAt(job, 0, "status", "active");
  const done = numberAt(job, 0, "status", "succeeded");
  const lost = numberAt(job, 0, "status", "failed");
  const failures = lost === 0 ? "" : `, ${lost} failed`;
  return inProgress("JobRunning", `it runs: ${active} active, ${done} succeeded${failures}${indexes(job)}`);
}

/** Which indexes of an indexed Job have failed for good. */
function indexes(job: Json): string {
  const lost = textAt(job, "status", "failedIndexes");
  return lost === "" ? "" : `; its indexes ${lost} failed`;
}

/**
 * Argo CD's rules for a CronJob: its last run has failed when it ended without a success. A run from before the last change
 * says nothing about what it is now (R1), or a change that mends it could never become healthy (R5).
 */
export function cronJobHealth(cronJob: Json): Health {
  if (valueAt(cronJob, "spec", "suspend") === true) return current("CronJobSuspended", "it is suspended");
  const scheduled = Date.parse(textAt(cronJob, "status", "lastScheduleTime"));
  if (Number.isNaN(scheduled)) return current("NotScheduledYet", "it has not run yet");
  if (listAt(cronJob, "status", "active").length > 0) return current("CronJobRunning", "it runs now");
  const succeeded = Date.parse(textAt(cronJob, "status", "lastSuccessfulTime"));
  if (Number.isNaN(succeeded)) return current("NeverSucceeded", "it has run, but no run has succeeded yet");
  if (succeeded >= scheduled) return current("LastRunSucceeded", "its last run succeeded");
  if (scheduled < changedMs(cronJob)) return current("NotRunSinceChange", "it has not run since it was changed");
  return failed("LastRunFailed", `its last run, at ${textAt(cronJob, "status", "lastScheduleTime")}, did not succeed`);
}

/** When anyone but its controller last changed the object, in milliseconds since the epoch; 0 where nobody says. */
function changedMs(object: Json): number {
  const times = listAt(object, "metadata", "managedFields")
    .filter((entry) => textAt(entry, "subresource") === "")
    .map((entry) => Date.parse(textAt(entry, "time")))
    .filter((time) => !Number.isNaN(time));
  return Math.max(0, ...times);
}
