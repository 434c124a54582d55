import type {
  DeploymentCondition,
  DeploymentSpec,
  DeploymentStatus,
  ReplicaSetSpec,
  ReplicaSetStatus,
} from "kubernetes-types/apps/v1.js";
import type { JobSpec, JobStatus } from "kubernetes-types/batch/v1.js";
import type { NamespaceSpec, NamespaceStatus, PodSpec, PodStatus, ServiceSpec } from "kubernetes-types/core/v1.js";
import type { KubeObject, ResourceName } from "../client.ts";

export { timeText } from "../clock.ts";

/** A Deployment as the API server keeps it. */
export interface Deployment extends KubeObject {
  spec: DeploymentSpec;
  status?: DeploymentStatus;
}

/** A ReplicaSet as the API server keeps it. */
export interface ReplicaSet extends KubeObject {
  spec: ReplicaSetSpec;
  status?: ReplicaSetStatus;
}

/** A Pod as the API server keeps it. */
export interface Pod extends KubeObject {
  spec: PodSpec;
  status?: PodStatus;
}

/** A Job as the API server keeps it. */
export interface Job extends KubeObject {
  spec: JobSpec;
  status?: JobStatus;
}

/** A Service as the API server keeps it. */
export interface Service extends KubeObject {
  spec: ServiceSpec;
}

/** A Namespace as the API server keeps it. */
export interface Namespace extends KubeObject {
  spec?: NamespaceSpec;
  status?: NamespaceStatus;
}

/** A condition of a Deployment with the times that this controller always writes. */
export type Condition = DeploymentCondition;

export const deployments: ResourceName = { group: "apps", resource: "deployments" };
export const replicaSets: ResourceName = { group: "apps", resource: "replicasets" };
export const jobs: ResourceName = { group: "batch", resource: "jobs" };
export const pods: ResourceName = { group: "", resource: "pods" };
export const services: ResourceName = { group: "", resource: "services" };
export const endpoints: ResourceName = { group: "", resource: "endpoints" };
export const endpointSlices: ResourceName = { group: "discovery.k8s.io", resource: "endpointslices" };
export const namespaces: ResourceName = { group: "", resource: "namespaces" };

/** The key of an object in work queues: `namespace/name`, or the name alone where there is no namespace. */
export function keyOf(object: KubeObject): string {
  const { namespace, name = "" } = object.metadata;
  return namespace ? `${namespace}/${name}` : name;
}

/** A queue's key taken apart again. */
export function splitKey(key: string): { readonly namespace: string; readonly name: string } {
  const slash = key.indexOf("/");
  return slash < 0 ? { namespace: "", name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** Whether someone has asked for the object's deletion. */
export function isTerminating(object: KubeObject): boolean {
  return object.metadata.deletionTimestamp !== undefined;
}
