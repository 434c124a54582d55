import type * as apps from "kubernetes-types/apps/v1.js";
import type * as batch from "kubernetes-types/batch/v1.js";
import type * as core from "kubernetes-types/core/v1.js";
import type { LabelSelector } from "kubernetes-types/meta/v1.js";
import { selects } from "../api/selectors.ts";
import type { KubeObject, ResourceName } from "../client.ts";

/** An object as the API server keeps it: its metadata and spec are there. */
export type Stored<T extends { spec?: unknown; status?: unknown }> = KubeObject & {
  readonly spec: NonNullable<T["spec"]>;
  readonly status?: NonNullable<T["status"]>;
};

/** The kinds that controllers work on. */
export type Deployment = Stored<apps.Deployment>;
export type ReplicaSet = Stored<apps.ReplicaSet>;
export type Pod = Stored<core.Pod>;
export type Job = Stored<batch.Job>;
export type Service = Stored<core.Service>;
export type Namespace = Stored<core.Namespace>;

/** The names of their resources, and of those that they write besides. */
export const deployments: ResourceName = { group: "apps", resource: "deployments" };
export const replicaSets: ResourceName = { group: "apps", resource: "replicasets" };
export const jobs: ResourceName = { group: "batch", resource: "jobs" };
export const pods: ResourceName = { group: "", resource: "pods" };
export const services: ResourceName = { group: "", resource: "services" };
export const endpoints: ResourceName = { group: "", resource: "endpoints" };
export const endpointSlices: ResourceName = { group: "discovery.k8s.io", resource: "endpointslices" };
export const namespaces: ResourceName = { group: "", resource: "namespaces" };

/** The key of an object in work queues: `namespace/name`, or the name alone where there is no namespace. */
export function keyOf({ metadata: { namespace, name = "" } }: KubeObject): string {
  return namespace ? `${namespace}/${name}` : name;
}

/** Whether someone has asked for the object's deletion. */
export function isTerminating(object: KubeObject): boolean {
  return object.metadata.deletionTimestamp !== undefined;
}

/** Whether labels fit a selector; an empty selector fits everything, a missing one nothing. */
export function matches(selector: LabelSelector | undefined, labels: Readonly<Record<string, string>> = {}): boolean {
  return selector !== undefined && selects({ ...selector }, labels);
}

/** A number or percentage of a whole; percentages are rounded as `round` does. */
export function portion(value: number | string, whole: number, round: (value: number) => number): number {
  return typeof value === "number" ? value : round((Number.parseInt(value, 10) * whole) / 100);
}

/** Counts under their names; as Go writes a status, those of nothing are left out. */
export function counts(numbers: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(numbers).filter(([, count]) => count > 0));
}

/** Items by what they have in common, in the order of the first of each. */
export function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}
