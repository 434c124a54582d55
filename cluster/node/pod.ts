import type {
  Container,
  ContainerStateTerminated,
  ContainerStatus,
  PodCondition,
  PodSpec,
  PodStatus,
} from "kubernetes-types/core/v1.js";
import type { KubeObject, ResourceName } from "../client.ts";

/** A pod as the node reads it. */
export interface Pod extends KubeObject {
  readonly spec: PodSpec;
  readonly status?: Status;
}

/** A condition with the field that Kubernetes 1.34 added; a probe that never was has the time null, as Kubernetes writes it. */
export type Condition = Omit<PodCondition, "lastProbeTime"> & {
  readonly lastProbeTime?: string | null;
  readonly observedGeneration?: number;
};

/** A pod's status with the field that Kubernetes 1.34 added. */
export type Status = Omit<PodStatus, "conditions" | "containerStatuses"> & {
  readonly observedGeneration?: number;
  readonly conditions?: readonly Condition[];
  readonly containerStatuses?: readonly (ContainerStatus | LostContainer)[];
  readonly hostIPs?: readonly { readonly ip: string }[];
};

/** A container that was never found: that it ended is known, and when is null, as the kubelet writes it. */
export type LostContainer = Omit<ContainerStatus, "state"> & {
  readonly state: Omit<ContainerState, "terminated"> & {
    readonly terminated: Omit<ContainerStateTerminated, "startedAt" | "finishedAt"> & {
      readonly startedAt: null;
      readonly finishedAt: null;
    };
  };
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

/** An init container that keeps running beside the others (a "sidecar"). */
export function isSidecar(container: Container): boolean {
  return (container as { readonly restartPolicy?: string }).restartPolicy === "Always";
}

/** How long the pod's containers are given to end. */
export function graceMs({ metadata, spec }: Pod): number {
  return (metadata.deletionGracePeriodSeconds ?? spec.terminationGracePeriodSeconds ?? 30) * 1000;
}
