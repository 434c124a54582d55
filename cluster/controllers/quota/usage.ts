import type { Container, ResourceQuota } from "kubernetes-types/core/v1.js";
import type { KubeObject, ResourceName } from "../../client.ts";
import { parseQuantity, quantityText } from "../../quantity.ts";
import type { Pod, Stored } from "../objects.ts";
import { isOver } from "../pod-control.ts";

/** A ResourceQuota as the API server keeps it. */
export type Quota = Stored<ResourceQuota>;

/** Names and amounts in thousandths. */
type Amounts = ReadonlyMap<string, number>;

/** What one object takes of each limited name; nothing where it does not count. */
export function usageOf({ group, resource }: ResourceName, object: KubeObject, names: readonly string[]): Amounts {
  const amounts = new Map<string, number>();
  const pod = group === "" && resource === "pods" ? (object as Pod) : undefined;
  for (const name of names) {
    const counted = group === "" ? `count/${resource}` : `count/${resource}.${group}`;
    // Pods that are over still count as objects, but take nothing any more.
    const takes = !pod || !isOver(pod);
    if (name === counted || (group === "" && name === resource && takes)) amounts.set(name, 1000);
    else if (pod && takes && computed(name)) amounts.set(name, sumOf(pod, name));
  }
  return amounts;
}

/** Where containers say how much they take of a name: "cpu" alone is what they request of it. */
function computed(name: string): readonly ["requests" | "limits", string] | undefined {
  if (name === "cpu" || name === "memory") return ["requests", name];
  const [, side, what = ""] = /^(requests|limits)\.(.+)$/.exec(name) ?? [];
  return side === "requests" || side === "limits" ? [side, what] : undefined;
}

function amountOf({ resources }: Container, name: string): string | undefined {
  const [side, what] = computed(name) ?? ["requests", ""];
  return resources?.[side]?.[what];
}

function sumOf(pod: Pod, name: string): number {
  const amount = (container: Container): number => thousandths(amountOf(container, name));
  const together = pod.spec.containers.reduce((sum, container) => sum + amount(container), 0);
  return Math.max(together, ...(pod.spec.initContainers ?? []).map(amount));
}

function thousandths(quantity: string | number = 0): number {
  return Math.round(parseQuantity(quantity) * 1000);
}

/** The names that a quota limits, in order. */
export function limitedNames(quota: Quota): readonly string[] {
  return Object.keys(quota.spec.hard ?? {}).toSorted();
}

/** The status of a quota: what is allowed, and what the objects (with their kinds) use of it. */
export function quotaStatus(
  quota: Quota,
  objects: readonly (readonly [ResourceName, KubeObject])[],
): NonNullable<Quota["status"]> {
  const names = limitedNames(quota);
  const used = new Map(names.map((name) => [name, 0]));
  for (const [resource, object] of objects) {
    for (const [name, amount] of usageOf(resource, object, names)) used.set(name, (used.get(name) ?? 0) + amount);
  }
  const texts = [...used].map(([name, amount]) => [name, textOf(name, amount)] as const);
  return { hard: quota.spec.hard ?? {}, used: Object.fromEntries(texts) };
}

/** Why a quota refuses a new object, as Kubernetes words it after "is forbidden: "; undefined where it fits. */
export function quotaRefusal(
  { metadata: { name = "" }, ...quota }: Quota,
  used: Readonly<Record<string, string>>,
  resource: ResourceName,
  object: KubeObject,
): string | undefined {
  const { hard = {} } = quota.spec;
  const requested = usageOf(resource, object, Object.keys(hard).toSorted());
  const missing = resource.resource === "pods" ? unspecified(object as Pod, [...requested.keys()]) : "";
  if (missing !== "") return `failed quota: ${name}: must specify ${missing}`;
  const exceeded = [...requested].filter(
    ([key, amount]) => amount > 0 && thousandths(used[key]) + amount > thousandths(hard[key]),
  );
  const told = (value: (key: string, amount: number) => string): string =>
    exceeded.map(([key, amount]) => `${key}=${value(key, amount)}`).join(",");
  const [before, limit] = [used, hard].map((amounts) => told((key) => amounts[key] ?? "0"));
  return exceeded.length === 0
    ? undefined
    : `exceeded quota: ${name}, requested: ${told(textOf)}, used: ${before}, limited: ${limit}`;
}

/** Where computing power is limited, every container must say what it takes. */
function unspecified({ spec }: Pod, names: readonly string[]): string {
  return names
    .filter(computed)
    .map((name) => [name, spec.containers.filter((container) => amountOf(container, name) === undefined)] as const)
    .filter(([, containers]) => containers.length > 0)
    .map(([name, containers]) => `${name} for: ${containers.map((container) => container.name).join(",")}`)
    .join("; ");
}

function textOf(name: string, amount: number): string {
  return quantityText(amount, /memory|storage/.test(name));
}
