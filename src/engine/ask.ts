import { askChecks } from "../health/checks.ts";
import type { CheckOutcome, Observation } from "../model/health.ts";
import type { Manifest } from "../model/manifest.ts";
import type { DeliveryRecord } from "../model/record.ts";
import type { FoundApplication } from "../source/deployment.ts";
import { sourceCommitOf } from "../source/source-commit.ts";
import { imagesOf, tagOf } from "./images.ts";
import { judged, podsOf } from "./phase.ts";
import type { Phase } from "./phase.ts";
import type { Io } from "./reconcile.ts";

/**
 * Asks the policy's checks once the soak is over and before the delivery is decided, and during the soak those that may end
 * it early; undefined at any other time.
 */
export async function askWhenDue(
  io: Io,
  { application }: FoundApplication,
  record: DeliveryRecord,
  phase: Phase,
  observation: Observation,
  desired: readonly Manifest[],
): Promise<CheckOutcome | undefined> {
  const { policy, services } = phase;
  const open = record.outcome === "progressing" || record.outcome === "held";
  if (!open) return undefined;
  const soakedMs =
    (record.currentSince === undefined ? io.clock.now() : Date.parse(record.currentSince)) + policy.soakMs;
  const soaks = io.clock.now() < soakedMs;
  const checks = policy.checks.filter(({ failAfterMs }) => !soaks || failAfterMs !== undefined);
  if (checks.length === 0) return undefined;
  if (judged(observation).objects.some(({ health }) => health.status !== "Current")) return undefined;
  const images = imagesOf(desired);
  const tags = new Set(images.map(tagOf));
  const tag = tags.size === 1 ? [...tags][0] : undefined;
  const source = await sourceCommitOf(io.git, record.revision, application.path, images);
  // What nobody released by Plumbline has no trailers; its tag is the best word there is.
  const names = { release: source ?? tag, tag, revision: record.revision.commit };
  const pods = podsOf(observation, phase);
  return askChecks(io.kube, { namespace: application.namespace, checks, services, pods }, names);
}
