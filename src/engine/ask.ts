import { askChecks } from "../health/checks.ts";
import type { CheckOutcome, Observation } from "../model/health.ts";
import type { Manifest } from "../model/manifest.ts";
import type { DeliveryRecord } from "../model/record.ts";
import type { FoundApplication } from "../source/deployment.ts";
import { imagesOf, tagOf } from "./images.ts";
import type { Io } from "./reconcile.ts";

/** Asks the policy's checks once the soak is over and before the delivery is decided; undefined at any other time. */
export async function askWhenDue(
  io: Io,
  { application }: FoundApplication,
  record: DeliveryRecord,
  observation: Observation,
  desired: readonly Manifest[],
): Promise<CheckOutcome | undefined> {
  const { checks, soakMs } = application.rollout;
  const open = record.outcome === "progressing" || record.outcome === "held";
  if (checks.length === 0 || !open || record.currentSince === undefined) return undefined;
  if (io.clock.now() < Date.parse(record.currentSince) + soakMs) return undefined;
  if (observation.objects.some(({ health }) => health.status !== "Current")) return undefined;
  const tags = new Set(imagesOf(desired).map(tagOf));
  const [tag] = tags;
  return askChecks(io.kube, application, { release: tags.size === 1 ? tag : undefined });
}
