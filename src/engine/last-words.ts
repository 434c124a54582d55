import { lastWords } from "../health/last-words.ts";
import type { Decision } from "../model/decision.ts";
import type { Observation } from "../model/health.ts";
import type { DeliveryRecord } from "../model/record.ts";
import type { FoundApplication } from "../source/deployment.ts";
import type { Io } from "./reconcile.ts";

/** A failure that is decided now, with what the failing container logged last, where Git wants that to be told. */
export async function withLastWords(
  io: Pick<Io, "kube" | "live">,
  { application }: FoundApplication,
  record: DeliveryRecord,
  observation: Observation,
  decision: Decision,
): Promise<Decision> {
  const { namespace, rollout } = application;
  const hasFailed = decision.kind === "rollback" || decision.kind === "hold";
  if (!rollout.logLines || !hasFailed || record.outcome !== "progressing") return decision;
  const words = await lastWords(io.kube, io.live, observation, { namespace, lines: rollout.logLines });
  return words === undefined ? decision : { ...decision, message: `${decision.message}; ${words}` };
}
