import type { PodCondition, PodTemplateSpec } from "kubernetes-types/core/v1.js";
import { ApiError, type KubeObject } from "../client.ts";
import { conditionOf } from "./conditions.ts";
import { remove, type Controller } from "./controller.ts";
import { pods, type Pod } from "./objects.ts";
import { controllerReference } from "./ownership.ts";

/** At most so many pods are created or deleted in one pass, as upstream. */
const burst = 500;

/** A pod's Ready condition. */
export function readyCondition(pod: Pod): PodCondition | undefined {
  return conditionOf(pod.status?.conditions, "Ready");
}

/** Whether a pod's Ready condition is true. */
export function isReady(pod: Pod): boolean {
  return readyCondition(pod)?.status === "True";
}

/** Whether a pod has run to its end. */
export function isOver({ status }: Pod): boolean {
  return status?.phase === "Succeeded" || status?.phase === "Failed";
}

/** Whether a pod counts as one of its owner's: neither over nor on its way out. */
export function isActive(pod: Pod): boolean {
  return !isOver(pod) && pod.metadata.deletionTimestamp === undefined;
}

/** A pod of a template, owned and named after its owner (and `suffix`); the server completes the name. */
export function newPod(owner: KubeObject, template: PodTemplateSpec, suffix = ""): Pod {
  const { labels, annotations, finalizers } = template.metadata ?? {};
  const { name = "", namespace = "" } = owner.metadata;
  const given = { ...(labels && { labels }), ...(annotations && { annotations }), ...(finalizers && { finalizers }) };
  const ownerReferences = [controllerReference(owner)];
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { generateName: `${name}-${suffix}`, namespace, ...given, ownerReferences },
    spec: template.spec ?? { containers: [] },
  };
}

/** What became of a wish to create or delete pods: those it was done to, and why the others were not. */
export interface Outcome {
  readonly done: readonly Pod[];
  readonly failure: ApiError | undefined;
}

/**
 * Creates pods in batches of 1, 2, 4 and so on, and stops at the first failure: a thousand pods that a quota refuses
 * cost one refusal. That a namespace is going is no failure.
 */
export async function createPods(controller: Controller, owner: KubeObject, wanted: readonly Pod[]): Promise<Outcome> {
  const done: Pod[] = [];
  const few = wanted.slice(0, burst);
  for (let from = 0, batch = 1; from < few.length; from += batch, batch *= 2) {
    const failures = await Promise.all(
      few.slice(from, from + batch).map((pod) =>
        tell(controller, owner, "Creat", async () => {
          const created = await controller.client.create(pods, pod);
          done.push(created);
          return created;
        }),
      ),
    );
    const failure = failures.find((each) => each !== undefined);
    if (failure) return { done, failure: isNamespaceGoing(failure) ? undefined : failure };
  }
  return { done, failure: undefined };
}

/** Deletes pods all at once. */
export async function deletePods(controller: Controller, owner: KubeObject, doomed: readonly Pod[]): Promise<Outcome> {
  const done = doomed.slice(0, burst);
  const failures = await Promise.all(
    done.map((pod) =>
      tell(controller, owner, "Delet", async () => {
        await remove(controller, pods, pod);
        return pod;
      }),
    ),
  );
  return { done, failure: failures.find((each) => each !== undefined) };
}

async function tell(
  { event }: Controller,
  owner: KubeObject,
  verb: "Creat" | "Delet",
  act: () => Promise<Pod>,
): Promise<ApiError | undefined> {
  try {
    event(owner, "Normal", `Successful${verb}e`, `${verb}ed pod: ${(await act()).metadata.name ?? ""}`);
    return undefined;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (!isNamespaceGoing(error))
      event(owner, "Warning", `Failed${verb}e`, `Error ${verb.toLowerCase()}ing: ${error.message}`);
    return error;
  }
}

/** Whether an error says that the namespace takes nothing new because it is being deleted. */
export function isNamespaceGoing(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  const causes = error.details?.["causes"];
  return Array.isArray(causes) && causes.some((cause: { reason?: string }) => cause.reason === "NamespaceTerminating");
}
