import type { Container, ContainerStatus, PodCondition, PodSpec, PodStatus } from "kubernetes-types/core/v1.js";
import type { KubeObject, ResourceName } from "../client.ts";

/** A pod as the node reads it. */
export interface Pod extends KubeObject {
  readonly spec: PodSpec;
  readonly status?: Status;
}

/** A condition with the field that Kubernetes 1.34 added. */
export type Condition = PodCondition & { readonly observedGeneration?: number };

/** A pod's status with the field that Kubernetes 1.34 added. */
export type Status = Omit<PodStatus, "conditions"> & {
  readonly observedGeneration?: number;
  readonly conditions?: readonly Condition[];
  readonly hostIPs?: readonly { readonly ip: string }[];
};

/** The resource of pods. */
export const pods: ResourceName = { group: "", resource: "pods" };

/** How the kubelet names a pod in its messages: `name_namespace(uid)`. */
export function podTitle(pod: Pod): string {
  return `${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})`;
}

/** Whether nothing of the pod will run again. */
export function isTerminal(pod: Pod): boolean {
  return pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
}

/** An init container that keeps running beside the others (a "sidecar"). */
export function isSidecar(container: Container): boolean {
  return (container as { readonly restartPolicy?: string }).restartPolicy === "Always";
}

/** A container's state as the API writes it: exactly one of waiting, running and terminated. */
export type ContainerState = NonNullable<ContainerStatus["state"]>;

/** Times as the API writes them, in whole seconds. */
export function apiTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
