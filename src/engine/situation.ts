import type { Applied } from "../apply/apply.ts";
import type { Observation } from "../model/health.ts";
import type { Manifest } from "../model/manifest.ts";
import type { DeliveryRecord } from "../model/record.ts";
import type { Situation } from "../rollout/decide.ts";
import type { FoundApplication } from "../source/deployment.ts";
import { askWhenDue } from "./ask.ts";
import { obstacleOf } from "./obstacle.ts";
import { judged } from "./phase.ts";
import type { Phase } from "./phase.ts";
import type { Io } from "./reconcile.ts";

/** What a pass did and saw of a phase. */
interface Seen {
  readonly record: DeliveryRecord;
  readonly desired: readonly Manifest[];
  readonly phase: Phase;
  readonly applied: Applied;
  readonly observation: Observation;
}

/** What the gate decides from: what this pass did and saw of a phase, and what the policy's checks answer where they are due. */
export async function situationOf(
  io: Io,
  found: FoundApplication,
  { record, desired, phase, applied, observation }: Seen,
): Promise<Situation> {
  const nowMs = io.clock.now();
  return {
    policy: phase.policy,
    record,
    observation: judged(observation),
    canary: phase.canary,
    obstacle: obstacleOf(applied, io.live),
    checks: await askWhenDue(io, found, { record, phase, observation, desired }, nowMs),
    seeingSinceMs: io.live.seeingSince(),
    nowMs,
  };
}
