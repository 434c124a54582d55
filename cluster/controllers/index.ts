import { ApiError, type Client } from "../client.ts";
import type { Clock } from "../clock.ts";
import { claimProtectionController } from "./claim-protection.ts";
import { startController, type Controller, type Sync } from "./controller.ts";
import { deploymentController } from "./deployment/deployment.ts";
import { disruptionController } from "./disruption.ts";
import { endpointsController } from "./endpoints/endpoints.ts";
import { garbageCollector } from "./garbage.ts";
import { Informers } from "./informers.ts";
import { jobController } from "./job/job.ts";
import { namespaceController } from "./namespace.ts";
import { quotaController } from "./quota/quota.ts";
import { replicaSetController } from "./replicaset/replicaset.ts";

/** Every controller by the name that its events carry. */
const controllers: Readonly<Record<string, (controller: Controller) => Sync>> = {
  "deployment-controller": deploymentController,
  "replicaset-controller": replicaSetController,
  "job-controller": jobController,
  controllermanager: disruptionController,
  "endpoint-slice-controller": endpointsController,
  "garbage-collector-controller": garbageCollector,
  "namespace-controller": namespaceController,
  "resourcequota-controller": quotaController,
  "pvc-protection-controller": claimProtectionController,
};

/** What may be chosen about the controllers. */
export interface ControllerOptions {
  /** Is told of errors that send a key back to its queue. Default: warns of those that no API refusal explains. */
  readonly report?: (controller: string, key: string, error: unknown) => void;
}

/** Starts every controller of the cluster, all writing as the controller manager; returns what stops them. */
export function startControllers(client: Client, clock: Clock, options: ControllerOptions = {}): () => void {
  const manager = client.as("kube-controller-manager");
  const informers = new Informers(manager);
  const surroundings = { client: manager, clock, informers, report: options.report ?? warnOfDefects };
  const stops = Object.entries(controllers).map(([name, setUp]) => startController(surroundings, name, setUp));
  informers.start();
  return () => {
    informers.stop();
    for (const stop of stops) stop();
  };
}

/** Conflicts and quotas are daily business and retried; anything else is a defect that should be seen. */
function warnOfDefects(controller: string, key: string, error: unknown): void {
  if (error instanceof ApiError) return;
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.emitWarning(`${controller} failed at ${key} and tries again: ${text}`);
}
