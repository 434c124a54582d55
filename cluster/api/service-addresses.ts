import type { KubeObject } from "../client.ts";
import { isList, type JsonMap, listAt, mapAt, sameJson, textAt, valueAt, without } from "./json.ts";
import type { ApiServer } from "./server.ts";
import { invalid } from "./refusal.ts";
import type { Resource } from "./resource-table.ts";
import { invalidValue } from "./validation/causes.ts";

const nodePorts = { first: 30_000, last: 32_767 };
const addressFields = ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"];
const exposedFields = [
  "externalTrafficPolicy",
  "allocateLoadBalancerNodePorts",
  "healthCheckNodePort",
  "loadBalancerClass",
];

/**
 * Gives a service its cluster address and node ports, keeps those that it has, and refuses those that are not to be had. Services
 * have the lower half of the server's block of addresses.
 */
export function withAddresses(
  server: ApiServer,
  resource: Resource,
  service: KubeObject,
  live: KubeObject | undefined,
  dryRun: boolean,
): KubeObject {
  const spec = mapAt(service, "spec");
  if (spec["type"] === "ExternalName") return { ...service, spec: without(spec, ...addressFields) };
  const others = server.store
    .list(resource.storedAs)
    .filter(
      ({ metadata: { name, namespace } }) => name !== service.metadata.name || namespace !== service.metadata.namespace,
    )
    .map((other) => mapAt(other, "spec"));
  const refuse: Refuse = (field, value, why) => {
    throw invalid(resource, service.metadata.name ?? "", [invalidValue(field, value, why)]);
  };
  const before = valueAt(live, "spec.clusterIP");
  const { clusterIPs } = spec;
  const asked = spec["clusterIP"] ?? (isList(clusterIPs) ? clusterIPs[0] : undefined) ?? before;
  if (typeof before === "string" && asked !== before) refuse("spec.clusterIPs[0]", [asked], "may not change once set");
  const used = new Set(others.map((other) => other["clusterIP"]));
  if (typeof asked === "string" && asked !== "None") {
    const why = used.has(asked)
      ? "provided IP is already allocated"
      : "the provided network does not match the current range";
    const fits = !used.has(asked) && isInRange(asked, server.servicePrefix);
    if (!fits) refuse("spec.clusterIPs", [asked], `failed to allocate IP ${asked}: ${why}`);
  }
  // A dry run allocates nothing, and shows the base of the range.
  const clusterIP = asked ?? (dryRun ? `${server.servicePrefix}.0.0` : free(server.servicePrefix, used));
  const given = new Set(others.flatMap((other) => listAt(other, "ports").map((port) => port["nodePort"])));
  const ports = isExposed(spec) ? { ports: withNodePorts(spec, mapAt(live, "spec"), given, refuse) } : {};
  // A headless service that selects nothing stands for whatever it is given, of both families.
  const isOpen = clusterIP === "None" && !("selector" in spec);
  return {
    ...service,
    spec: {
      ipFamilies: isOpen ? ["IPv4", "IPv6"] : ["IPv4"],
      ipFamilyPolicy: isOpen ? "RequireDualStack" : "SingleStack",
      ...spec,
      ...ports,
      clusterIP,
      clusterIPs: [clusterIP],
    },
  };
}

type Refuse = (field: string, value: unknown, why: string) => void;

function isExposed(spec: JsonMap): boolean {
  return ["NodePort", "LoadBalancer"].includes(textAt(spec, "type"));
}

/** A service whose type no longer has node ports loses those that it was given, and keeps those that the request asks for. */
export function withoutOldPorts(service: KubeObject, before: KubeObject): KubeObject {
  const [spec, live] = [mapAt(service, "spec"), mapAt(before, "spec")];
  if (isExposed(spec) || !isExposed(live)) return service;
  const given = new Set(listAt(live, "ports").map((port) => port["nodePort"]));
  const ports = listAt(spec, "ports").map((port) => (given.has(port["nodePort"]) ? without(port, "nodePort") : port));
  const unchanged = exposedFields.filter((key) => sameJson(spec[key], live[key]));
  return { ...service, spec: { ...without(spec, ...unchanged), ports } };
}

function isInRange(address: string, prefix: string): boolean {
  const [, third, fourth] = /^\d+\.\d+\.(\d+)\.(\d+)$/.exec(address) ?? [];
  return address.startsWith(`${prefix}.`) && Number(third) < 128 && `${third}.${fourth}` !== "0.0";
}

/** The first free address above those that people ask for by number. */
function free(prefix: string, used: ReadonlySet<unknown>): string {
  for (let index = 254; ; index += 1) {
    const address = `${prefix}.${Math.floor(index / 254)}.${1 + (index % 254)}`;
    if (!used.has(address)) return address;
  }
}

function withNodePorts(spec: JsonMap, live: JsonMap, given: ReadonlySet<unknown>, refuse: Refuse): readonly JsonMap[] {
  const used = new Set(given);
  return listAt(spec, "ports").map((port, index) => {
    const had = listAt(live, "ports").find((other) => other["port"] === port["port"])?.["nodePort"];
    const asked = port["nodePort"] ?? had;
    let nodePort = Number(asked ?? nodePorts.first);
    if (asked === undefined) while (used.has(nodePort) && nodePort < nodePorts.last) nodePort += 1;
    else if (used.has(asked)) refuse(`spec.ports[${index}].nodePort`, asked, "provided port is already allocated");
    used.add(nodePort);
    return { ...port, nodePort };
  });
}
