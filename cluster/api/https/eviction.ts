import { ApiError, type KubeObject } from "../../client.ts";
import { type JsonMap, mapAt, textAt, valueAt } from "../json.ts";
import { badRequest } from "../refusal.ts";
import { selects } from "../selectors.ts";
import type { ApiServer, Place } from "../server.ts";
import { readBody } from "./bodies.ts";
import { type Answer, type Exchange, json } from "./exchange.ts";
import { patchOf } from "./patches.ts";
import { readDeletion } from "./options.ts";

/** POST of pods/eviction: deletes the pod unless a disruption budget forbids it now. */
export async function evict(exchange: Exchange, place: Place): Promise<Answer> {
  const { api, query } = exchange;
  const pod = api.get(place);
  const body = patchOf("merge", (await readBody(exchange)) || "{}").content as JsonMap;
  const { name } = mapAt(body, "metadata");
  if (name !== place.name) throw badRequest("name in URL does not match name in Eviction object");
  const { options, dryRun } = readDeletion(mapAt(body, "deleteOptions"));
  const budget = budgetOf(api, pod);
  if (budget && Number(valueAt(budget, "status.disruptionsAllowed") ?? 0) < 1) throw refusal(budget);
  api.delete(place, options, dryRun || query.all("dryRun").includes("All"));
  return json(201, { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 });
}

function budgetOf(api: ApiServer, pod: KubeObject): KubeObject | undefined {
  if (["Succeeded", "Failed", "Pending"].includes(textAt(pod["status"], "phase"))) return undefined;
  const budgets = api.store.list("poddisruptionbudgets.policy", `${pod.metadata.namespace ?? ""}/`);
  return budgets.find(
    ({ spec }) =>
      valueAt(spec, "selector") !== undefined && selects(mapAt(spec, "selector"), pod.metadata.labels ?? {}),
  );
}

function refusal(budget: KubeObject): ApiError {
  const name = budget.metadata.name ?? "";
  const { desiredHealthy = 0, currentHealthy = 0 } = (budget["status"] ?? {}) as Record<string, number>;
  const why = `The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`;
  const message = "Cannot evict pod as it would violate the pod's disruption budget.";
  return new ApiError(429, "TooManyRequests", message, { causes: [{ reason: "DisruptionBudget", message: why }] });
}
