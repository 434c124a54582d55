import { ApiError, type Client } from "../client.ts";
import type { Clock } from "../clock.ts";
import type { Surroundings } from "./controller.ts";
import { startDeployments } from "./deployment/deployment.ts";
import { startDisruptionBudgets } from "./disruption/disruption.ts";
import { startEndpoints, startEndpointSlices } from "./endpoints/endpoints.ts";
import { startGarbageCollector } from "./garbage.ts";
import { startJobs } from "./job/job.ts";
import { startNamespaces } from "./namespace.ts";
import { startQuotas } from "./quota/quota.ts";
import { startReplicaSets } from "./replicaset/replicaset.ts";

/** The name under which all controllers write. */
const fieldManager = "kube-controller-manager";

/** What may be chosen about the controllers. */
export interface ControllerOptions {
  /** Is told of errors that send a key back to its queue. Default: warns of those that no API refusal explains. */
  readonly report?: (controller: string, key: string, error: unknown) => void;
}

/** Starts every controller of the cluster; returns what stops them. */
export function startControllers(client: Client, clock: Clock, options: ControllerOptions = {}): () => void {
  const surroundings: Surroundings = {
    client: client.as(fieldManager),
    clock,
    report: options.report ?? warnOfDefects,
  };
  const stops = [
    startDeployments,
    startReplicaSets,
    startJobs,
    startDisruptionBudgets,
    startEndpointSlices,
    startEndpoints,
    startGarbageCollector,
    startNamespaces,
    startQuotas,
  ].map((start) => start(surroundings));
  return () => {
    for (const stop of stops) stop();
  };
}

/** Conflicts and quotas are daily business and retried; anything else is a defect that should be seen. */
function warnOfDefects(controller: string, key: string, error: unknown): void {
  if (error instanceof ApiError) return;
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.emitWarning(`${controller} failed at ${key} and tries again: ${text}`);
}
