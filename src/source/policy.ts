import type { HttpCheck, RolloutPolicy } from "../model/application.ts";
import type { RolloutConfiguration } from "./delivery-schema.ts";
import { parseDuration } from "./duration.ts";

/** The gate where configuration says nothing: five minutes to become healthy, ten seconds to stay so, else revert. */
export const defaultPolicy: RolloutPolicy = {
  deadlineMs: 300_000,
  soakMs: 10_000,
  onFailure: "revert",
  maxRestarts: 2,
  checks: [],
};

/** `base` with each key that the configuration gives. */
export function overridePolicy(base: RolloutPolicy, given: RolloutConfiguration | undefined): RolloutPolicy {
  if (given === undefined) return base;
  return {
    deadlineMs: milliseconds(given.deadline) ?? base.deadlineMs,
    soakMs: milliseconds(given.soak) ?? base.soakMs,
    onFailure: given.onFailure ?? base.onFailure,
    maxRestarts: given.maxRestarts ?? base.maxRestarts,
    checks: given.checks?.map(toCheck) ?? base.checks,
  };
}

function milliseconds(duration: string | undefined): number | undefined {
  return duration === undefined ? undefined : parseDuration(duration);
}

function toCheck(check: NonNullable<RolloutConfiguration["checks"]>[number]): HttpCheck {
  return { http: check.http, expect: { status: check.expect?.status ?? 200, json: check.expect?.json ?? {} } };
}
