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

/** A container's state as the API writes it: exactly one of waiting, running and terminated. */
export type ContainerState = NonNullable<ContainerStatus["state"]>;

/** The resource of pods. */
export const pods: ResourceName = { group: "", resource: "pods" };

/** How the kubelet names a pod in its messages: `name_namespace(uid)`. */
export function podTitle({ metadata: { name, namespace, uid } }: Pod): string {
  return `${name}_${namespace}(${uid})`;
}

/** Whether nothing of the pod will run again. */
export function isTerminal({ status }: Pod): boolean {
  return status?.phase === "Succeeded" || status?.phase === "Failed";
}

/** A time that has not come: Kubernetes writes null there, where the published types know texts only. */
export const never = null as unknown as string;

/** An init container that keeps running beside the others (a "sidecar"). */
export function isSidecar(container: Container): boolean {
  return (container as { readonly restartPolicy?: string }).restartPolicy === "Always";
}

/** How long the pod's containers are given to end. */
export function graceMs({ metadata, spec }: Pod): number {
  return (metadata.deletionGracePeriodSeconds ?? spec.terminationGracePeriodSeconds ?? 30) * 1000;
}
