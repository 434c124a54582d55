import { lastEvent } from "../health/last-event.ts";
import { lastWords } from "../health/last-words.ts";
import type { Decision } from "../model/decision.ts";
import type { Observation } from "../model/health.ts";
import type { DeliveryRecord } from "../model/record.ts";
import type { FoundApplication } from "../source/deployment.ts";
import type { Io } from "./reconcile.ts";

/** Failures of which a status says only that it took too long. */
const silent: ReadonlySet<string> = new Set(["DeadlineExceeded", "ProgressDeadlineExceeded"]);

/**
 * A failure that is decided now, with what Kubernetes has recorded of why it took too long, and with what the failing container
 * logged last, where Git wants that to be told.
 */
export async function withLastWords(
  io: Pick<Io, "kube" | "live">,
  { application }: FoundApplication,
  record: DeliveryRecord,
  observation: Observation,
  decision: Decision,
): Promise<Decision> {
  const { namespace, rollout } = application;
  if ((decision.kind !== "rollback" && decision.kind !== "hold") || record.outcome !== "progressing") return decision;
  const event = silent.has(decision.reason) ? await lastEvent(io.kube, io.live, observation, namespace) : undefined;
  const words = rollout.logLines
    ? await lastWords(io.kube, io.live, observation, { namespace, lines: rollout.logLines })
    : undefined;
  const message = [decision.message, event, words].filter((part) => part !== undefined).join("; ");
  return { ...decision, message };
}
