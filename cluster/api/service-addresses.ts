import type { ApiServer } from "./server.ts";
import { type Cause, invalid } from "./refusal.ts";
import type { Resource } from "./resource-table.ts";
import type { JsonMap, StoredObject } from "./stored-object.ts";

const nodePorts = { first: 30_000, last: 32_767 };

/**
 * Gives a service its cluster addresses and node ports, keeps those that it has, and refuses what cannot be had.
 * `prefix` is the first two numbers of the addresses, as in "127.40"; services have the upper half of that block.
 */
export function withAddresses(
  server: ApiServer,
  prefix: string,
  resource: Resource,
  service: StoredObject,
  live: StoredObject | undefined,
): StoredObject {
  const spec = service.spec ?? {};
  if (spec["type"] === "ExternalName") return { ...service, spec: withoutAddresses(spec) };
  const before = live?.spec?.["clusterIP"];
  const asked = spec["clusterIP"] ?? (spec["clusterIPs"] as readonly string[] | undefined)?.[0] ?? before;
  if (typeof before === "string" && asked !== before) refuse(resource, service, changed(asked));
  const others = server.store.list(resource.storedAs).filter((other) => !isSame(other, service));
  const clusterIP = typeof asked === "string" ? taken(asked, prefix, others, resource, service) : next(prefix, others);
  const ports = (spec["ports"] ?? []) as readonly JsonMap[];
  const isExternal = spec["type"] === "NodePort" || spec["type"] === "LoadBalancer";
  return {
    ...service,
    spec: {
      ...spec,
      ...(spec["ports"] ? { ports: isExternal ? withNodePorts(ports, live, others) : ports } : {}),
      clusterIP,
      clusterIPs: [clusterIP],
      ipFamilies: spec["ipFamilies"] ?? ["IPv4"],
      ipFamilyPolicy: spec["ipFamilyPolicy"] ?? "SingleStack",
    },
  };
}

function changed(asked: unknown): Cause {
  const message = `Invalid value: ${JSON.stringify([asked])}: may not change once set`;
  return { reason: "FieldValueInvalid", message, field: "spec.clusterIPs[0]" };
}

function refuse(resource: Resource, service: StoredObject, cause: Cause): never {
  throw invalid(resource, service.metadata.name ?? "", [cause]);
}

function withoutAddresses(spec: JsonMap): JsonMap {
  const gone = new Set(["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"]);
  return Object.fromEntries(Object.entries(spec).filter(([key]) => !gone.has(key)));
}

function isSame(a: StoredObject, b: StoredObject): boolean {
  return a.metadata.name === b.metadata.name && a.metadata.namespace === b.metadata.namespace;
}

function taken(
  address: string,
  prefix: string,
  others: readonly StoredObject[],
  resource: Resource,
  service: StoredObject,
): string {
  if (address === "None") return address;
  const problem = addressProblem(address, prefix, others);
  if (problem === undefined) return address;
  const list = JSON.stringify([address]);
  const message = `Invalid value: ${list}: failed to allocate IP ${address}: ${problem}`;
  return refuse(resource, service, { reason: "FieldValueInvalid", message, field: "spec.clusterIPs" });
}

function addressProblem(address: string, prefix: string, others: readonly StoredObject[]): string | undefined {
  const third = Number(address.split(".")[2]);
  if (!address.startsWith(`${prefix}.`) || third < 128) return "the provided network does not match the current range";
  return others.some((other) => other.spec?.["clusterIP"] === address) ? "provided IP is already allocated" : undefined;
}

function next(prefix: string, others: readonly StoredObject[]): string {
  const used = new Set(others.map((other) => other.spec?.["clusterIP"]));
  for (let index = 0; ; index += 1) {
    const address = `${prefix}.${128 + Math.floor(index / 254)}.${1 + (index % 254)}`;
    if (!used.has(address)) return address;
  }
}

function withNodePorts(
  ports: readonly JsonMap[],
  live: StoredObject | undefined,
  others: readonly StoredObject[],
): readonly JsonMap[] {
  const portsOf = (service: StoredObject | undefined): readonly JsonMap[] =>
    (service?.spec?.["ports"] ?? []) as readonly JsonMap[];
  const used = new Set(others.flatMap((other) => portsOf(other).map((port) => port["nodePort"])));
  return ports.map((port) => {
    const had = portsOf(live).find((other) => other["port"] === port["port"])?.["nodePort"];
    let nodePort = port["nodePort"] ?? had ?? nodePorts.first;
    if (port["nodePort"] === undefined && had === undefined) {
      while (used.has(nodePort) && Number(nodePort) < nodePorts.last) nodePort = Number(nodePort) + 1;
    }
    used.add(nodePort);
    return { ...port, nodePort };
  });
}
