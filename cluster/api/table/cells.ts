import { age } from "./age.ts";
import { numberOf, textOf, valuesAt } from "./json-path.ts";
import { podGates, podReady, podRestarts, podStatus } from "./pod-cells.ts";

/** Shows the values of a cell's paths, or the object where it has none; undefined where there is nothing to show. */
type Cell = (values: readonly unknown[], nowMs: number) => unknown;

/** The ways to show a cell that cluster/data/columns.json names in `as`. */
export const cells: Readonly<Record<string, Cell>> = {
  age: ([time], nowMs) => time && age(Date.parse(textOf(time, "")), nowMs),
  count: (values) => values.length,
  list: (values) => values.join(",") || undefined,
  some: (values) => (values.length === 0 ? undefined : some(values)),
  labels: ([labels]) => pairs(labels).join(",") || undefined,
  selector: ([selector]) => selectorText(selector),
  trimmed: ([text]) => textOf(text, "").trim(),
  truth: ([value]) => (value === true ? "True" : "False"),
  podReady: ([pod]) => podReady(pod),
  podStatus: ([pod]) => podStatus(pod),
  podGates: ([pod]) => podGates(pod),
  podRestarts: ([pod], nowMs) => podRestarts(pod, nowMs),
  jobStatus: ([job]) => jobStatus(job),
  jobCompletions: ([job]) => {
    const parallelism = numberOf(job, "spec.parallelism");
    const wanted = textOf(job, "spec.completions") || (parallelism > 1 ? `1 of ${parallelism}` : "1");
    return `${numberOf(job, "status.succeeded")}/${wanted}`;
  },
  jobDuration: ([job], nowMs) => {
    const started = Date.parse(textOf(job, "status.startTime"));
    return Number.isNaN(started) ? "" : age(started, Date.parse(textOf(job, "status.completionTime")) || nowMs);
  },
  servicePorts: (ports) => ports.map(portText).join(",") || undefined,
  serviceAddresses: ([service]) => serviceAddresses(service),
  endpoints: ([endpoints]) => endpointsText(valuesAt(endpoints, "subsets[*]")),
  nodeStatus: ([node]) => {
    const ready = textOf(node, 'status.conditions[?(@.type=="Ready")].status');
    const state = ready === "" ? "Unknown" : ready === "True" ? "Ready" : "NotReady";
    return textOf(node, "spec.unschedulable") === "true" ? `${state},SchedulingDisabled` : state;
  },
  nodeRoles: ([labels]) =>
    pairs(labels)
      .flatMap((pair) => /^(?:node-role\.kubernetes\.io\/|kubernetes\.io\/role=)([^=]+)/.exec(pair)?.[1] ?? [])
      .sort()
      .join(",") || undefined,
  ingressPorts: (tls) => (tls.length > 0 ? "80, 443" : "80"),
  eventTarget: ([event]) =>
    `${textOf(event, "involvedObject.kind").toLowerCase()}/${textOf(event, "involvedObject.name")}`,
  eventSource: ([event]) =>
    [
      textOf(event, "source.component") || textOf(event, "reportingComponent"),
      textOf(event, "source.host") || textOf(event, "reportingInstance"),
    ]
      .filter((part) => part !== "")
      .join(", "),
  owner: ([reference]) => reference && `${kindOf(reference)}/${textOf(reference, "name")}`,
  accounts: (subjects) =>
    subjects.map((subject) => `${textOf(subject, "namespace")}/${textOf(subject, "name")}`).join(","),
  accessModes: (modes) => modes.map((mode) => accessModes[String(mode)]).join(","),
  quotaRequests: ([quota]) => quotaText(quota, false),
  quotaLimits: ([quota]) => quotaText(quota, true),
  metricTargets: (resources) =>
    resources.map((metric) => `${textOf(metric, "name")}: <unknown>/${targetText(metric)}`).join(", ") || undefined,
};

const accessModes: Readonly<Record<string, string>> = {
  ReadWriteOnce: "RWO",
  ReadOnlyMany: "ROX",
  ReadWriteMany: "RWX",
  ReadWriteOncePod: "RWOP",
};

function kindOf(reference: unknown): string {
  const [group, version] = textOf(reference, "apiVersion").split("/");
  return [textOf(reference, "kind").toLowerCase(), ...(version === undefined ? [] : [group])].join(".");
}

function quotaText(quota: unknown, limits: boolean): string {
  return pairs(valuesAt(quota, "status.hard")[0])
    .map((pair) => pair.split("=") as [string, string])
    .filter(([name]) => name.startsWith("limits.") === limits)
    .map(([name, hard]) => `${name}: ${textOf(quota, `status.used['${name}']`) || "0"}/${hard}`)
    .join(", ");
}

function targetText(metric: unknown): string {
  const share = textOf(metric, "target.averageUtilization");
  return share ? `${share}%` : textOf(metric, "target.averageValue");
}

function pairs(map: unknown): readonly string[] {
  return Object.entries((map ?? {}) as Record<string, unknown>)
    .map(([key, value]) => `${key}=${String(value)}`)
    .sort();
}

/** A label selector in one line; undefined where it selects everything. */
export function selectorText(selector: unknown): string | undefined {
  const parts = [...pairs(valuesAt(selector, "matchLabels")[0])];
  for (const expression of valuesAt(selector, "matchExpressions[*]")) {
    const [key, operator] = [textOf(expression, "key"), textOf(expression, "operator")];
    const list = `(${valuesAt(expression, "values[*]").join(",")})`;
    if (operator === "Exists") parts.push(key);
    else if (operator === "DoesNotExist") parts.push(`!${key}`);
    else parts.push(`${key} ${operator.toLowerCase()} ${list}`);
  }
  return parts.length === 0 ? undefined : parts.join(",");
}

function some(list: readonly unknown[]): string {
  return list.length > 3 ? `${list.slice(0, 3).join(",")} + ${list.length - 3} more...` : list.join(",");
}

function jobStatus(job: unknown): string {
  const held = valuesAt(job, 'status.conditions[?(@.status=="True")].type');
  const early = ["Complete", "Failed"].find((type) => held.includes(type));
  if (early !== undefined) return early;
  if (textOf(job, "metadata.deletionTimestamp")) return "Terminating";
  return ["Suspended", "FailureTarget", "SuccessCriteriaMet"].find((type) => held.includes(type)) ?? "Running";
}

function portText(port: unknown): string {
  const node = numberOf(port, "nodePort");
  return `${numberOf(port, "port")}${node > 0 ? `:${node}` : ""}/${textOf(port, "protocol")}`;
}

function serviceAddresses(service: unknown): string | undefined {
  const type = textOf(service, "spec.type");
  if (type === "ExternalName") return textOf(service, "spec.externalName");
  const given = valuesAt(service, "spec.externalIPs[*]");
  if (type !== "LoadBalancer") return given.join(",") || undefined;
  const points = ["ip", "hostname"].flatMap((key) => valuesAt(service, `status.loadBalancer.ingress[*].${key}`));
  return [...points, ...given].join(",") || "<pending>";
}

function endpointsText(subsets: readonly unknown[]): string | undefined {
  if (subsets.length === 0) return undefined;
  const points = subsets.flatMap((subset) => {
    const ports = valuesAt(subset, "ports[*].port").map((port) => `:${String(port)}`);
    const addresses = valuesAt(subset, "addresses[*].ip");
    return (ports.length === 0 ? [""] : ports).flatMap((port) => addresses.map((ip) => `${String(ip)}${port}`));
  });
  return some(points);
}
