import type { CanaryPolicy, HttpCheck, MetricCheck, PromotionSource, RolloutPolicy } from "../model/application.ts";
import type { EnvironmentConfiguration, RolloutConfiguration } from "./delivery-schema.ts";
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
  const soakMs = milliseconds(given.soak) ?? base.soakMs;
  const logLines = given.logLines ?? base.logLines;
  const canary = given.canary === undefined ? base.canary : canaryOf(given.canary, soakMs);
  return {
    deadlineMs: milliseconds(given.deadline) ?? base.deadlineMs,
    soakMs,
    onFailure: given.onFailure ?? base.onFailure,
    maxRestarts: given.maxRestarts ?? base.maxRestarts,
    checks: given.checks?.map(toCheck) ?? base.checks,
    ...(logLines ? { logLines } : {}),
    ...(canary ? { canary } : {}),
  };
}

function canaryOf(given: NonNullable<RolloutConfiguration["canary"]>, soakMs: number): CanaryPolicy | undefined {
  if (given === false) return undefined;
  return { share: Number.parseInt(given.share, 10), soakMs: milliseconds(given.soak) ?? soakMs };
}

/** Where images come from: by a commit on the tracked branch, at once when they are healthy, unless it says otherwise. */
export function promotionOf({ from, via, soak }: NonNullable<EnvironmentConfiguration["promote"]>): PromotionSource {
  return { from, via: via ?? "commit", soakMs: milliseconds(soak) ?? 0 };
}

function milliseconds(duration: string | undefined): number | undefined {
  return duration === undefined ? undefined : parseDuration(duration);
}

function toCheck(check: NonNullable<RolloutConfiguration["checks"]>[number]): HttpCheck | MetricCheck {
  const { http, expect, prometheus, query = "", below, above, compare } = check;
  const failAfterMs = milliseconds(check.failAfter);
  const rest = failAfterMs === undefined ? {} : { failAfterMs };
  if (prometheus !== undefined)
    return { prometheus, query, ...given({ below, above, compare: compare && given(compare) }), ...rest };
  return { http: http ?? "", expect: { status: expect?.status ?? 200, json: expect?.json ?? {} }, ...rest };
}

type Given<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> };

/** Without the members that are undefined. */
function given<T extends object>(value: T): Given<T> {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Given<T>;
}
