import type { JsonMap, StoredObject } from "../stored-object.ts";
import { listAt, mapAt, textAt } from "../validation/causes.ts";
import { containerCells, mapText, podCells, selectorText, since } from "./cells.ts";

/** A column as it is written here: "Name", "Ready", "IP|wide", "Desired:integer". */
type ColumnText = string;

/** How a kind is shown: its columns, and the cells of an object in their order. */
interface Printer {
  readonly columns: readonly ColumnText[];
  cells(object: StoredObject, nowMs: number): readonly unknown[];
}

const nameOf = (object: StoredObject): string => object.metadata.name ?? "";
const ageOf = (object: StoredObject, nowMs: number): string => since(object.metadata.creationTimestamp, nowMs);
const wideTemplate = ["Containers|wide", "Images|wide", "Selector|wide"];

function count(map: JsonMap | undefined, key: string): number {
  return Number(map?.[key] ?? 0);
}

function amount(map: JsonMap | undefined, key: string): string {
  const value = map?.[key];
  return typeof value === "number" || typeof value === "string" ? String(value) : "N/A";
}

function keys(object: StoredObject, ...maps: readonly string[]): number {
  return maps.reduce((sum, map) => sum + Object.keys(mapAt(object, map)).length, 0);
}

/** The kinds that have columns of their own, by the names of their resources. */
export const printers: Readonly<Record<string, Printer>> = {
  pods: {
    columns: [
      "Name",
      "Ready",
      "Status",
      "Restarts",
      "Age",
      "IP|wide",
      "Node|wide",
      "Nominated Node|wide",
      "Readiness Gates|wide",
    ],
    cells: podCells,
  },
  "deployments.apps": {
    columns: ["Name", "Ready", "Up-to-date", "Available", "Age", ...wideTemplate],
    cells: (object, now) => [
      nameOf(object),
      `${count(object.status, "readyReplicas")}/${count(object.spec, "replicas")}`,
      count(object.status, "updatedReplicas"),
      count(object.status, "availableReplicas"),
      ageOf(object, now),
      ...containerCells(object.spec ?? {}),
      selectorText(mapAt(object.spec, "selector")),
    ],
  },
  "replicasets.apps": {
    columns: ["Name", "Desired:integer", "Current:integer", "Ready:integer", "Age", ...wideTemplate],
    cells: (object, now) => [
      nameOf(object),
      count(object.spec, "replicas"),
      count(object.status, "replicas"),
      count(object.status, "readyReplicas"),
      ageOf(object, now),
      ...containerCells(object.spec ?? {}),
      selectorText(mapAt(object.spec, "selector")),
    ],
  },
  "statefulsets.apps": {
    columns: ["Name", "Ready", "Age", "Containers|wide", "Images|wide"],
    cells: (object, now) => [
      nameOf(object),
      `${count(object.status, "readyReplicas")}/${count(object.spec, "replicas")}`,
      ageOf(object, now),
      ...containerCells(object.spec ?? {}),
    ],
  },
  "jobs.batch": {
    columns: ["Name", "Status", "Completions", "Duration", "Age", ...wideTemplate],
    cells: (object, now) => {
      const { spec, status } = object;
      const started = textAt(status, "startTime");
      const ended = Date.parse(textAt(status, "completionTime")) || now;
      return [
        nameOf(object),
        jobState(object),
        `${count(status, "succeeded")}/${spec?.["completions"] === undefined ? `1 of ${count(spec, "parallelism")}` : count(spec, "completions")}`,
        started === "" ? "" : since(started, ended),
        ageOf(object, now),
        ...containerCells(spec ?? {}),
        selectorText(mapAt(spec, "selector")),
      ];
    },
  },
  services: {
    columns: ["Name", "Type", "Cluster-IP", "External-IP", "Port(s)", "Age", "Selector|wide"],
    cells: (object, now) => [
      nameOf(object),
      textAt(object.spec, "type"),
      textAt(object.spec, "clusterIP") || "<none>",
      externalIP(object),
      listAt(object.spec, "ports").map(portText).join(",") || "<none>",
      ageOf(object, now),
      mapText(mapAt(object.spec, "selector")),
    ],
  },
  endpoints: {
    columns: ["Name", "Endpoints", "Age"],
    cells: (object, now) => [nameOf(object), endpointsText(listAt(object, "subsets")), ageOf(object, now)],
  },
  "endpointslices.discovery.k8s.io": {
    columns: ["Name", "AddressType", "Ports", "Endpoints", "Age"],
    cells: (object, now) => [
      nameOf(object),
      textAt(object, "addressType"),
      shortened(
        listAt(object, "ports").map((port) => String(count(port, "port"))),
        "<unset>",
      ),
      shortened(
        listAt(object, "endpoints").flatMap((endpoint) => (endpoint["addresses"] ?? []) as string[]),
        "<unset>",
      ),
      ageOf(object, now),
    ],
  },
  "ingresses.networking.k8s.io": {
    columns: ["Name", "Class", "Hosts", "Address", "Ports", "Age"],
    cells: (object, now) => {
      const hosts = listAt(object.spec, "rules").map((rule) => textAt(rule, "host") || "*");
      const points = listAt(mapAt(object.status, "loadBalancer"), "ingress");
      return [
        nameOf(object),
        textAt(object.spec, "ingressClassName") || "<none>",
        hosts.length === 0 ? "*" : shortened(hosts, "*"),
        points.map((point) => textAt(point, "ip") || textAt(point, "hostname")).join(","),
        listAt(object.spec, "tls").length > 0 ? "80, 443" : "80",
        ageOf(object, now),
      ];
    },
  },
  namespaces: {
    columns: ["Name", "Status", "Age"],
    cells: (object, now) => [nameOf(object), textAt(object.status, "phase"), ageOf(object, now)],
  },
  nodes: {
    columns: [
      "Name",
      "Status",
      "Roles",
      "Age",
      "Version",
      "Internal-IP|wide",
      "External-IP|wide",
      "OS-Image|wide",
      "Kernel-Version|wide",
      "Container-Runtime|wide",
    ],
    cells: (object, now) => {
      const info = mapAt(object.status, "nodeInfo");
      const isReady = listAt(object.status, "conditions").some(
        ({ type, status }) => type === "Ready" && status === "True",
      );
      const state = isReady ? "Ready" : "NotReady";
      const internal = listAt(object.status, "addresses").find(({ type }) => type === "InternalIP");
      return [
        nameOf(object),
        object.spec?.["unschedulable"] === true ? `${state},SchedulingDisabled` : state,
        rolesOf(object),
        ageOf(object, now),
        textAt(info, "kubeletVersion"),
        textAt(internal, "address") || "<none>",
        "<none>",
        textAt(info, "osImage") || "<unknown>",
        textAt(info, "kernelVersion") || "<unknown>",
        textAt(info, "containerRuntimeVersion") || "<unknown>",
      ];
    },
  },
  configmaps: {
    columns: ["Name", "Data", "Age"],
    cells: (object, now) => [nameOf(object), keys(object, "data", "binaryData"), ageOf(object, now)],
  },
  secrets: {
    columns: ["Name", "Type", "Data", "Age"],
    cells: (object, now) => [nameOf(object), textAt(object, "type"), keys(object, "data"), ageOf(object, now)],
  },
  serviceaccounts: {
    columns: ["Name", "Secrets", "Age"],
    cells: (object, now) => [nameOf(object), listAt(object, "secrets").length, ageOf(object, now)],
  },
  events: {
    columns: [
      "Last Seen",
      "Type",
      "Reason",
      "Object",
      "Subobject|wide",
      "Source|wide",
      "Message",
      "First Seen|wide",
      "Count|wide",
      "Name|wide",
    ],
    cells: (object, now) => {
      const target = mapAt(object, "involvedObject");
      const source = mapAt(object, "source");
      const first = textAt(object, "firstTimestamp") || textAt(object, "eventTime");
      const last = textAt(mapAt(object, "series"), "lastObservedTime") || textAt(object, "lastTimestamp") || first;
      const reporter = textAt(source, "component") || textAt(object, "reportingComponent");
      const host = textAt(source, "host") || textAt(object, "reportingInstance");
      return [
        since(last, now),
        textAt(object, "type"),
        textAt(object, "reason"),
        `${textAt(target, "kind").toLowerCase()}/${textAt(target, "name")}`,
        textAt(target, "fieldPath"),
        [reporter, host].filter((part) => part !== "").join(", "),
        textAt(object, "message").trim(),
        since(first, now),
        count(mapAt(object, "series"), "count") || count(object, "count") || 1,
        nameOf(object),
      ];
    },
  },
  "leases.coordination.k8s.io": {
    columns: ["Name", "Holder", "Age"],
    cells: (object, now) => [nameOf(object), textAt(object.spec, "holderIdentity"), ageOf(object, now)],
  },
  "poddisruptionbudgets.policy": {
    columns: ["Name", "Min Available", "Max Unavailable", "Allowed Disruptions", "Age"],
    cells: (object, now) => [
      nameOf(object),
      amount(object.spec, "minAvailable"),
      amount(object.spec, "maxUnavailable"),
      count(object.status, "disruptionsAllowed"),
      ageOf(object, now),
    ],
  },
};

function jobState({ status, spec, metadata }: StoredObject): string {
  const conditions = listAt(status, "conditions").filter((condition) => condition["status"] === "True");
  const has = (type: string): boolean => conditions.some((condition) => condition["type"] === type);
  if (has("Complete")) return "Complete";
  if (has("Failed")) return "Failed";
  if (metadata.deletionTimestamp !== undefined) return "Terminating";
  if (has("Suspended") || spec?.["suspend"] === true) return "Suspended";
  return "Running";
}

function externalIP({ spec, status }: StoredObject): string {
  const given = (spec?.["externalIPs"] ?? []) as readonly string[];
  if (spec?.["type"] === "ExternalName") return textAt(spec, "externalName");
  if (spec?.["type"] !== "LoadBalancer") return given.join(",") || "<none>";
  const points = listAt(mapAt(status, "loadBalancer"), "ingress").map(
    (point) => textAt(point, "ip") || textAt(point, "hostname"),
  );
  return [...points, ...given].join(",") || "<pending>";
}

function portText(port: JsonMap): string {
  const node = count(port, "nodePort");
  return `${count(port, "port")}${node > 0 ? `:${node}` : ""}/${textAt(port, "protocol")}`;
}

function endpointsText(subsets: readonly JsonMap[]): string {
  const points = subsets.flatMap((subset) => {
    const ports = listAt(subset, "ports").map((port) => `:${count(port, "port")}`);
    const suffixes = ports.length === 0 ? [""] : ports;
    return listAt(subset, "addresses").flatMap((address) =>
      suffixes.map((suffix) => `${textAt(address, "ip")}${suffix}`),
    );
  });
  return shortened(points, "<none>");
}

function shortened(list: readonly string[], none: string): string {
  if (list.length === 0) return none;
  return list.length > 3 ? `${list.slice(0, 3).join(",")} + ${list.length - 3} more...` : list.join(",");
}

function rolesOf({ metadata }: StoredObject): string {
  const prefix = "node-role.kubernetes.io/";
  const roles = Object.keys(metadata.labels ?? {}).flatMap((key) =>
    key.startsWith(prefix) ? [key.slice(prefix.length)] : [],
  );
  return roles.join(",") || "<none>";
}
