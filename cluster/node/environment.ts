import type { ConfigMap, Container, Secret, Service } from "kubernetes-types/core/v1.js";
import type { Client, KubeObject } from "../client.ts";
import type { Pod } from "./pod.ts";
import { parseQuantity } from "../quantity.ts";

/** A container cannot be made from what the cluster holds now; the message is the kubelet's. */
export class ContainerConfigError extends Error {}

/** Variables of a process by name. */
export type Variables = Readonly<Record<string, string>>;

/** What values of the environment can refer to, besides the pod. */
export interface EnvironmentContext {
  readonly client: Client;
  readonly podIP: string;
  readonly hostIP: string;
  /** What a limit is when the container sets none: the node's. */
  readonly allocatable: { readonly cpu: number; readonly memory: number };
  /** Where a service's port really is on this machine; by default where it says. */
  readonly serviceAddress?: (clusterIP: string, port: number) => { readonly host: string; readonly port: number };
}

/**
 * The variables that the kubelet gives a container, in its order of precedence: services, envFrom, env. `$(NAME)` refers
 * to what was set before, `$$` is a dollar. Throws ContainerConfigError when a ConfigMap, Secret or key is missing.
 */
export function containerEnvironment(pod: Pod, container: Container, context: EnvironmentContext): Variables {
  const result = new Map(serviceVariables(pod, context));
  const read = (kind: "configmap" | "secret", { name = "", optional = false }): ConfigData | undefined =>
    configData(kind, pod, { name, optional }, context.client);
  for (const { prefix = "", configMapRef, secretRef } of container.envFrom ?? []) {
    const data = configMapRef ? read("configmap", configMapRef) : read("secret", secretRef ?? {});
    for (const [key, value] of data?.texts ?? []) result.set(`${prefix}${key}`, String(value));
  }
  for (const { name, value = "", valueFrom = {} } of container.env ?? []) {
    const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef } = valueFrom;
    const keyRef = configMapKeyRef ?? secretKeyRef;
    let found: string | undefined = expandVariables(value, Object.fromEntries(result));
    if (fieldRef) found = fieldValue(pod, fieldRef.fieldPath, context);
    else if (resourceFieldRef) {
      const target = pod.spec.containers.find((other) => other.name === resourceFieldRef.containerName) ?? container;
      found = resourceValue(target, resourceFieldRef.resource, resourceFieldRef.divisor, context);
    } else if (keyRef) {
      found = read(configMapKeyRef ? "configmap" : "secret", keyRef)
        ?.texts.get(keyRef.key)
        ?.toString();
      if (found === undefined && !keyRef.optional) {
        const kind = configMapKeyRef ? "ConfigMap" : "Secret";
        const where = `${kind} ${pod.metadata.namespace}/${keyRef.name}`;
        throw new ContainerConfigError(`couldn't find key ${keyRef.key} in ${where}`);
      }
    }
    if (found !== undefined) result.set(name, found);
  }
  return Object.fromEntries(result);
}

/** Replaces `$(NAME)` by the variable where there is one, and `$$` by `$`; as in commands, arguments and values. */
export function expandVariables(text: string, variables: Variables): string {
  return text.replace(/\$(?:\$|\(([^()]*)\))/g, (whole, name: string | undefined) => {
    if (name === undefined) return "$";
    return Object.hasOwn(variables, name) ? (variables[name] ?? "") : whole;
  });
}

/** What a ConfigMap or Secret holds. */
export interface ConfigData {
  readonly texts: ReadonlyMap<string, Buffer>;
  /** With what a ConfigMap holds beside its texts. */
  readonly all: ReadonlyMap<string, Buffer>;
}

/** The data of a ConfigMap or Secret; undefined when it is missing and optional. */
export function configData(
  kind: "configmap" | "secret",
  { metadata: { namespace = "" } }: Pod,
  { name, optional }: { readonly name: string; readonly optional: boolean },
  client: Client,
): ConfigData | undefined {
  type Stored = KubeObject & Pick<ConfigMap & Secret, "data" | "binaryData">;
  const found = client.get<Stored>({ group: "", resource: `${kind}s` }, namespace, name);
  if (!found && !optional) throw new ContainerConfigError(`${kind} "${name}" not found`);
  if (!found) return undefined;
  const decode = (data: Variables | undefined, encoding: "utf8" | "base64") =>
    Object.entries(data ?? {}).map(([key, value]) => [key, Buffer.from(value, encoding)] as const);
  const texts = decode(found.data, kind === "secret" ? "base64" : "utf8");
  return { texts: new Map(texts), all: new Map([...texts, ...decode(found.binaryData, "base64")]) };
}

/** A field of the pod as the downward API gives it; all labels or annotations are a line each. */
export function fieldValue(
  { metadata, spec }: Pod,
  path: string,
  { hostIP, podIP }: Pick<EnvironmentContext, "podIP" | "hostIP">,
): string {
  const [, of, key] = /^metadata\.(labels|annotations)(?:\['(.+)'\])?$/.exec(path) ?? [];
  if (of) {
    const map = metadata[of as "labels" | "annotations"] ?? {};
    if (key !== undefined) return map[key] ?? "";
    const lines = Object.entries(map).toSorted(([a], [b]) => (a < b ? -1 : 1));
    return lines.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join("\n");
  }
  const { name, namespace, uid } = metadata;
  const fields = new Map<string, string | undefined>([
    ["metadata.name", name],
    ["metadata.namespace", namespace],
    ["metadata.uid", uid],
    ["spec.nodeName", spec.nodeName],
    ["spec.serviceAccountName", spec.serviceAccountName],
    ["status.hostIP", hostIP],
    ["status.hostIPs", hostIP],
    ["status.podIP", podIP],
    ["status.podIPs", podIP],
  ]);
  if (!fields.has(path)) throw new ContainerConfigError(`unsupported fieldPath: ${path}`);
  return fields.get(path) ?? "";
}

/** A request or limit in units of the divisor, rounded up; a limit that is not set is the node's. */
export function resourceValue(
  { resources = {} }: Pick<Container, "resources">,
  resource: string,
  divisor: string | undefined,
  { allocatable }: Pick<EnvironmentContext, "allocatable">,
): string {
  const [, kind, name = ""] = /^(limits|requests)\.(.+)$/.exec(resource) ?? [];
  const set = resources[kind === "limits" ? "limits" : "requests"]?.[name];
  const node = kind === "limits" ? { ...allocatable }[name] : undefined;
  const amount = set === undefined ? (node ?? 0) : parseQuantity(set);
  const unit = divisor === undefined || divisor === "0" ? 1 : parseQuantity(divisor);
  return String(Math.ceil(Number((amount / unit).toPrecision(12))));
}

/** Variables for the services of the pod's namespace that have an address, and for the API server's. */
function* serviceVariables(
  { metadata, spec: { enableServiceLinks } }: Pod,
  { client, serviceAddress }: EnvironmentContext,
): Generator<readonly [string, string]> {
  const services = client.list<KubeObject & Pick<Service, "spec">>({ group: "", resource: "services" });
  for (const { metadata: about, spec } of services) {
    const isMaster = about.namespace === "default" && about.name === "kubernetes";
    if (!isMaster && (about.namespace !== metadata.namespace || enableServiceLinks === false)) continue;
    const { clusterIP = "", ports = [] } = spec ?? {};
    if (clusterIP === "" || clusterIP === "None") continue;
    const prefix = variableName(about.name ?? "");
    for (const [at, { name, port: said, protocol = "TCP" }] of ports.entries()) {
      const { host, port } = serviceAddress?.(clusterIP, said) ?? { host: clusterIP, port: said };
      const proto = protocol.toLowerCase();
      const url = `${proto}://${host}:${port}`;
      if (at === 0) {
        yield [`${prefix}_SERVICE_HOST`, host];
        yield [`${prefix}_SERVICE_PORT`, String(port)];
        yield [`${prefix}_PORT`, url];
      }
      if (name) yield [`${prefix}_SERVICE_PORT_${variableName(name)}`, String(port)];
      const each = `${prefix}_PORT_${said}_${protocol}`;
      yield [each, url];
      yield [`${each}_PROTO`, proto];
      yield [`${each}_PORT`, String(port)];
      yield [`${each}_ADDR`, host];
    }
  }
}

function variableName(name: string): string {
  return name.toUpperCase().replaceAll("-", "_");
}
