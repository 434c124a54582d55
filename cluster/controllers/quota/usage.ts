import type { Container, ResourceQuotaSpec, ResourceQuotaStatus } from "kubernetes-types/core/v1.js";
import type { KubeObject, ResourceName } from "../../client.ts";
import { parseQuantity, quantityText } from "../../quantity.ts";
import type { Pod } from "../objects.ts";

/** A ResourceQuota as the API server keeps it. */
export interface Quota extends KubeObject {
  spec?: ResourceQuotaSpec;
  status?: ResourceQuotaStatus;
}

/** Names and amounts in thousandths. */
type Amounts = ReadonlyMap<string, number>;

/** What one object takes of each limited name; nothing where it does not count. */
export function usageOf({ group, resource }: ResourceName, object: KubeObject, names: readonly string[]): Amounts {
  const counts = new Map<string, number>();
  const isPod = group === "" && resource === "pods";
  const pod = object as Pod;
  const over = isPod && (pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed");
  for (const name of names) {
    const counted = group === "" ? `count/${resource}` : `count/${resource}.${group}`;
    // Pods that are over still count as objects, but take nothing any more.
    if (name === counted || (group === "" && name === resource && !over)) counts.set(name, 1000);
    else if (isPod && !over && compute(name)) counts.set(name, sumOf(pod, name));
  }
  return counts;
}

interface Compute {
  readonly side: "requests" | "limits";
  readonly what: string;
}

function compute(name: string): Compute | undefined {
  if (name === "cpu" || name === "memory") return { side: "requests", what: name };
  const [side, what] = name.split(".", 2);
  return (side === "requests" || side === "limits") && what !== undefined ? { side, what } : undefined;
}

function amountOf({ resources }: Container, name: string): string | undefined {
  const parts = compute(name);
  return parts && resources?.[parts.side]?.[parts.what];
}

function sumOf(pod: Pod, name: string): number {
  const amount = (container: Container): number => thousandths(amountOf(container, name) ?? 0);
  const together = pod.spec.containers.reduce((sum, container) => sum + amount(container), 0);
  return Math.max(together, ...(pod.spec.initContainers ?? []).map(amount));
}

function thousandths(quantity: string | number): number {
  return Math.round(parseQuantity(quantity) * 1000);
}

/** The names that a quota limits, in order. */
export function limitedNames(quota: Quota): readonly string[] {
  return Object.keys(quota.spec?.hard ?? {}).toSorted((a, b) => (a < b ? -1 : 1));
}

/** The status of a quota: what is allowed, and what the objects (with their kinds) use of it. */
export function quotaStatus(
  quota: Quota,
  objects: readonly (readonly [ResourceName, KubeObject])[],
): ResourceQuotaStatus {
  const names = limitedNames(quota);
  const used = new Map(names.map((name) => [name, 0]));
  for (const [resource, object] of objects) {
    for (const [name, amount] of usageOf(resource, object, names)) used.set(name, (used.get(name) ?? 0) + amount);
  }
  const texts = [...used].map(([name, amount]) => [name, textOf(name, amount)] as const);
  return { hard: quota.spec?.hard ?? {}, used: Object.fromEntries(texts) };
}

/** Why a quota refuses a new object, as Kubernetes words it after "is forbidden: "; undefined where it fits. */
export function quotaRefusal(
  quota: Quota,
  used: Readonly<Record<string, string>>,
  resource: ResourceName,
  object: KubeObject,
): string | undefined {
  const { name = "" } = quota.metadata;
  const hard = quota.spec?.hard ?? {};
  const requested = usageOf(resource, object, limitedNames(quota));
  const missing = resource.resource === "pods" ? unspecified(object as Pod, [...requested.keys()]) : "";
  if (missing !== "") return `failed quota: ${name}: must specify ${missing}`;
  const exceeded = [...requested].filter(
    ([key, amount]) => amount > 0 && thousandths(used[key] ?? "0") + amount > thousandths(hard[key] ?? "0"),
  );
  if (exceeded.length === 0) return undefined;
  const told = (value: (key: string, amount: number) => string): string =>
    exceeded.map(([key, amount]) => `${key}=${value(key, amount)}`).join(",");
  const request = told((key, amount) => textOf(key, amount));
  const [before, limit] = [told((key) => used[key] ?? "0"), told((key) => hard[key] ?? "0")];
  return `exceeded quota: ${name}, requested: ${request}, used: ${before}, limited: ${limit}`;
}

/** Where computing power is limited, every container must say what it takes. */
function unspecified(pod: Pod, names: readonly string[]): string {
  return names
    .filter((name) => compute(name))
    .map((name) => [name, pod.spec.containers.filter((container) => amountOf(container, name) === undefined)] as const)
    .filter(([, containers]) => containers.length > 0)
    .map(([name, containers]) => `${name} for: ${containers.map((container) => container.name).join(",")}`)
    .join("; ");
}

function textOf(name: string, amount: number): string {
  return quantityText(amount, /memory|storage/.test(name));
}
