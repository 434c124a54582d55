import type { PodTemplateSpec } from "kubernetes-types/core/v1.js";
import { ApiError, type KubeObject } from "../client.ts";
import type { Pod } from "./objects.ts";
import { controllerReference } from "./ownership.ts";

/** A pod of a template, owned and named after its owner; the server completes the name. */
export function newPod(owner: KubeObject, template: PodTemplateSpec): Pod {
  const { labels, annotations, finalizers } = template.metadata ?? {};
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      generateName: `${owner.metadata.name ?? ""}-`,
      namespace: owner.metadata.namespace ?? "",
      ...(labels && { labels }),
      ...(annotations && { annotations }),
      ...(finalizers && { finalizers }),
      ownerReferences: [controllerReference(owner)],
    },
    spec: template.spec ?? { containers: [] },
  };
}

/**
 * Does something `count` times in batches of 1, 2, 4 and so on, and stops at the first failure: a thousand pods that a
 * quota refuses cost one refusal. Returns that failure; a namespace that is going is none.
 */
export async function slowStart(count: number, act: () => Promise<Error | undefined>): Promise<Error | undefined> {
  let left = count;
  for (let batch = 1; left > 0; batch = Math.min(2 * batch, left)) {
    const failures = await Promise.all(Array.from({ length: batch }, act));
    const failure = failures.find((result) => result !== undefined);
    if (failure) return isNamespaceGoing(failure) ? undefined : failure;
    left -= batch;
  }
  return undefined;
}

/** Whether an error says that the namespace takes nothing new because it is being deleted. */
export function isNamespaceGoing(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  const causes = error.details?.["causes"];
  return Array.isArray(causes) && causes.some((cause: { reason?: string }) => cause.reason === "NamespaceTerminating");
}
