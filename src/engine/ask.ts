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

/** What of a delivery is asked about. */
interface Asked {
  readonly record: DeliveryRecord;
  readonly phase: Phase;
  readonly observation: Observation;
  readonly desired: readonly Manifest[];
}

/**
 * What the policy's checks answered last, once the soak is over and before the delivery is decided, and during the soak those
 * that may end it early; undefined before they have answered, and at any other time.
 */
export async function askWhenDue(
  io: Io,
  { application }: FoundApplication,
  { record, phase, observation, desired }: Asked,
  nowMs: number,
): Promise<CheckOutcome | undefined> {
  const { policy, services } = phase;
  const isOpen = record.outcome === "progressing" || record.outcome === "held";
  const isCurrent = judged(observation).objects.every(({ health }) => health.status === "Current");
  const sinceMs = record.currentSince === undefined ? nowMs : Date.parse(record.currentSince);
  const soaks = nowMs < sinceMs + policy.soakMs;
  const checks = policy.checks.filter(({ failAfterMs }) => !soaks || failAfterMs !== undefined);
  if (!isOpen || !isCurrent || checks.length === 0) {
    io.answers.forget(application.id);
    return undefined;
  }
  const images = imagesOf(desired);
  const tags = new Set(images.map(tagOf));
  const tag = tags.size === 1 ? [...tags][0] : undefined;
  const source = await sourceCommitOf(io.git, record.revision, application.path, images);
  // What nobody released by Plumbline has no trailers; its tag is the best word there is.
  const names = { release: source ?? tag, tag, revision: record.revision.commit };
  const asked = {
    namespace: application.namespace,
    checks,
    services,
    pods: podsOf(observation, phase, record.replaced),
  };
  // What was answered of another revision, of its canary, in another soak or before the end of this one decides nothing now.
  const about = JSON.stringify([record.startedAt, names, phase.canary, sinceMs, soaks, checks]);
  return io.answers.latest(application.id, about, () => askChecks(io.kube, asked, names));
}
