import type { Application } from "../model/application.ts";
import type { Observation } from "../model/health.ts";
import { refKey, refLabel } from "../model/object-ref.ts";
import type { Problem } from "../model/problem.ts";
import { formatProblem } from "../model/problem.ts";
import type { DeliveryRecord, Promotion } from "../model/record.ts";
import type { ApplicationStatus, DeliverySummary, StatusDocument } from "../model/status-document.ts";
import { deadlineAt, nextStep } from "./next-step.ts";

/** One who cannot be told until a person mends it, and why. */
export interface Untold {
  readonly receiver: string;
  readonly problem: Problem;
}

/** What a status document is made from; the engine's snapshot has this shape. */
export interface StatusSource {
  readonly engine: { readonly version: string; readonly startedAt: string };
  readonly repository: {
    readonly url: string;
    readonly branch: string;
    readonly commit?: string;
    readonly reachable: boolean;
    readonly trouble?: Problem;
    readonly fetchedAt?: string;
  };
  readonly untold?: readonly Untold[];
  readonly applications: readonly {
    readonly application: Application;
    readonly record: DeliveryRecord;
    readonly observation: Observation;
    readonly history: readonly DeliveryRecord[];
  }[];
}

/** The one document behind every view, at `nowMs` (milliseconds since the epoch). */
export function statusDocument(source: StatusSource, nowMs: number): StatusDocument {
  const { trouble, ...repository } = source.repository;
  const untold = source.untold?.map(({ receiver, problem }) => ({ receiver, message: formatProblem(problem) })) ?? [];
  return {
    schema: 1,
    generatedAt: new Date(nowMs).toISOString(),
    engine: source.engine,
    repository: { ...repository, ...(trouble ? { trouble: formatProblem(trouble) } : {}) },
    ...(untold.length > 0 ? { untold } : {}),
    applications: source.applications.map(applicationStatus),
  };
}

function applicationStatus({
  application,
  record,
  observation,
  history,
}: StatusSource["applications"][number]): ApplicationStatus {
  const { lastHealthy, revision, outcome, startedAt } = record;
  const ill = observation.objects.find(({ health }) => health.status !== "Current");
  const ailing = ill && `${refLabel(ill.ref)}: ${ill.health.message}`;
  const seen = new Map(observation.objects.map(({ ref, health }) => [refKey(ref), health]));
  const deadline = deadlineAt(application.rollout, record);
  const next = nextStep(application.rollout, record);
  const promotions = new Map(history.map(({ promotion }) => [promotion?.by, promotion]));
  return {
    id: application.id,
    name: application.name,
    environment: application.environment,
    namespace: application.namespace,
    ...(application.cluster === undefined ? {} : { cluster: application.cluster }),
    wanted: { revision, images: record.images },
    ...(lastHealthy ? { live: { ...lastHealthy, images: lastHealthy.images ?? [] } } : {}),
    inSync: outcome === "healthy" && ailing === undefined,
    outcome,
    reason: record.reason,
    message: outcome === "healthy" && ailing ? `it was proved healthy, and now: ${ailing}` : record.message,
    ...(record.remedy === undefined ? {} : { remedy: record.remedy }),
    startedAt,
    ...(record.decidedAt === undefined ? {} : { decidedAt: record.decidedAt }),
    ...(deadline === undefined ? {} : { deadlineAt: deadline }),
    ...(next === undefined ? {} : { next }),
    ...(record.canary === undefined ? {} : { canary: record.canary }),
    ...(record.promotion === undefined ? {} : { promotion: record.promotion }),
    objects: record.health.map(({ ref, health }) => ({
      ref,
      health: seen.get(refKey(ref)) ?? health,
      inSync: outcome !== "refused",
    })),
    pods: observation.pods,
    drift: record.drift,
    history: history.map((past, index) => summary(past, index > 0, promotions.get(past.revision.commit))),
  };
}

/** One past delivery; one that was never decided gave way to its successor. */
function summary(record: DeliveryRecord, isPast: boolean, promotion: Promotion | undefined): DeliverySummary {
  const { revision, reason, message, startedAt, decidedAt, rollback } = record;
  const gaveWay = isPast && record.outcome === "progressing";
  return {
    revision,
    outcome: gaveWay ? "superseded" : record.outcome,
    reason: gaveWay ? "Superseded" : reason,
    message: gaveWay ? "a newer commit came before it was decided" : message,
    startedAt,
    ...(decidedAt === undefined ? {} : { decidedAt, durationMs: Date.parse(decidedAt) - Date.parse(startedAt) }),
    ...(rollback ? { rollback } : {}),
    ...(promotion ? { promotedFrom: { from: promotion.from, commit: promotion.commit } } : {}),
  };
}
