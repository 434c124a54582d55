import type { ConfigMap, Container, EnvVar, Secret, Service } from "kubernetes-types/core/v1.js";
import type { Client, KubeObject } from "../client.ts";
import { type Pod } from "./pod.ts";
import { parseQuantity } from "../quantity.ts";

/** A container cannot be made from what the cluster holds now; the message is the kubelet's. */
export class ContainerConfigError extends Error {}

/** What values of the environment can refer to, besides the pod. */
export interface EnvironmentContext {
  readonly client: Client;
  readonly podIP: string;
  readonly hostIP: string;
  /** What a limit is when the container sets none: the node's. */
  readonly allocatable: { readonly cpu: number; readonly memory: number };
  /** Where a service's port really is on this machine; by default where it says. */
  serviceAddress?(clusterIP: string, port: number): { readonly host: string; readonly port: number };
}

/**
 * The variables that the kubelet gives a container, in its order of precedence: services, envFrom, env. `$(NAME)` refers
 * to what was set before, `$$` is a dollar. Throws ContainerConfigError when a ConfigMap, Secret or key is missing.
 */
export function containerEnvironment(
  pod: Pod,
  container: Container,
  context: EnvironmentContext,
): Readonly<Record<string, string>> {
  const services = serviceVariables(pod, context);
  const result: Record<string, string> = {};
  for (const source of container.envFrom ?? []) {
    const reference = source.configMapRef ?? source.secretRef;
    if (!reference?.name) continue;
    const data = source.configMapRef
      ? configMapData(pod, reference.name, reference.optional, context.client)
      : secretData(pod, reference.name, reference.optional, context.client);
    for (const [key, value] of Object.entries(data ?? {})) result[`${source.prefix ?? ""}${key}`] = value;
  }
  for (const variable of container.env ?? []) {
    const value = variableValue(pod, container, variable, { ...services, ...result }, context);
    if (value !== undefined) result[variable.name] = value;
  }
  return { ...services, ...result };
}

/** Replaces `$(NAME)` by the variable where there is one, and `$$` by `$`; as in commands, arguments and values. */
export function expandVariables(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replace(/\$(\$|\(([^)]*)\))/g, (all: string, mark: string, name: string | undefined) =>
    mark === "$" ? "$" : name === undefined || !Object.hasOwn(variables, name) ? all : (variables[name] ?? all),
  );
}

function variableValue(
  pod: Pod,
  container: Container,
  { value, valueFrom }: EnvVar,
  variables: Readonly<Record<string, string>>,
  context: EnvironmentContext,
): string | undefined {
  if (!valueFrom) return expandVariables(value ?? "", variables);
  if (valueFrom.fieldRef) return fieldValue(pod, valueFrom.fieldRef.fieldPath, context);
  if (valueFrom.resourceFieldRef) {
    const { containerName, resource, divisor } = valueFrom.resourceFieldRef;
    const target = containerName ? pod.spec.containers.find(({ name }) => name === containerName) : container;
    return resourceValue(target ?? container, resource, divisor, context);
  }
  const configMap = valueFrom.configMapKeyRef;
  if (configMap?.name) {
    const found = configMapData(pod, configMap.name, configMap.optional, context.client)?.[configMap.key];
    return required(found, configMap, `ConfigMap ${pod.metadata.namespace}/${configMap.name}`);
  }
  const secret = valueFrom.secretKeyRef;
  if (secret?.name) {
    const found = secretData(pod, secret.name, secret.optional, context.client)?.[secret.key];
    return required(found, secret, `Secret ${pod.metadata.namespace}/${secret.name}`);
  }
  return undefined;
}

function required(
  found: string | undefined,
  { key, optional }: { readonly key: string; readonly optional?: boolean },
  where: string,
): string | undefined {
  if (found === undefined && !optional) {
    throw new ContainerConfigError(`couldn't find key ${key} in ${where}`);
  }
  return found;
}

type Stored = KubeObject & Pick<ConfigMap, "data" | "binaryData">;

/** A ConfigMap's data; undefined when it is missing and optional. */
export function configMapData(
  pod: Pod,
  name: string,
  optional: boolean | undefined,
  client: Client,
): Readonly<Record<string, string>> | undefined {
  const found = client.get<Stored>({ group: "", resource: "configmaps" }, pod.metadata.namespace ?? "", name);
  if (!found && !optional) throw new ContainerConfigError(`configmap "${name}" not found`);
  return found?.data ?? (found ? {} : undefined);
}

/** A Secret's decoded data; undefined when it is missing and optional. */
export function secretData(
  pod: Pod,
  name: string,
  optional: boolean | undefined,
  client: Client,
): Readonly<Record<string, string>> | undefined {
  const secret: Pick<Secret, "data"> | undefined = client.get<KubeObject & Pick<Secret, "data">>(
    { group: "", resource: "secrets" },
    pod.metadata.namespace ?? "",
    name,
  );
  if (!secret && !optional) throw new ContainerConfigError(`secret "${name}" not found`);
  if (!secret) return undefined;
  const decoded = Object.entries(secret.data ?? {}).map(([key, value]) => [
    key,
    Buffer.from(value, "base64").toString(),
  ]);
  return Object.fromEntries(decoded) as Record<string, string>;
}

/** A field of the pod as the downward API gives it. */
export function fieldValue(pod: Pod, path: string, context: Pick<EnvironmentContext, "podIP" | "hostIP">): string {
  const { metadata, spec } = pod;
  const keyed = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path);
  if (keyed) return metadata[keyed[1] as "labels" | "annotations"]?.[keyed[2] ?? ""] ?? "";
  const fields: Readonly<Record<string, string | undefined>> = {
    "metadata.name": metadata.name,
    "metadata.namespace": metadata.namespace,
    "metadata.uid": metadata.uid,
    "spec.nodeName": spec.nodeName,
    "spec.serviceAccountName": spec.serviceAccountName,
    "status.hostIP": context.hostIP,
    "status.hostIPs": context.hostIP,
    "status.podIP": context.podIP,
    "status.podIPs": context.podIP,
  };
  const value = fields[path];
  if (value === undefined && !Object.hasOwn(fields, path)) {
    throw new ContainerConfigError(`unsupported fieldPath: ${path}`);
  }
  return value ?? "";
}

/** A request or limit in units of the divisor, rounded up; a limit that is not set is the node's. */
export function resourceValue(
  container: Container,
  resource: string,
  divisor: string | undefined,
  { allocatable }: Pick<EnvironmentContext, "allocatable">,
): string {
  const [kind = "", ...rest] = resource.split(".");
  const name = rest.join(".");
  const set = kind === "limits" ? container.resources?.limits : container.resources?.requests;
  const fallback = kind === "limits" && (name === "cpu" || name === "memory") ? allocatable[name] : 0;
  const amount = set?.[name] === undefined ? fallback : parseQuantity(set[name]);
  const unit = divisor === undefined || divisor === "0" ? 1 : parseQuantity(divisor);
  return String(Math.ceil(Number((amount / unit).toPrecision(12))));
}

/** Variables for the services of the pod's namespace that have an address, and for the API server's. */
function serviceVariables(pod: Pod, context: EnvironmentContext): Record<string, string> {
  const result: Record<string, string> = {};
  const own = pod.metadata.namespace ?? "";
  const services = context.client.list<KubeObject & Pick<Service, "spec">>({ group: "", resource: "services" });
  for (const { metadata, spec } of services) {
    const isMaster = metadata.namespace === "default" && metadata.name === "kubernetes";
    if (!isMaster && (metadata.namespace !== own || pod.spec.enableServiceLinks === false)) continue;
    const clusterIP = spec?.clusterIP;
    const [first] = spec?.ports ?? [];
    if (!clusterIP || clusterIP === "None" || !first) continue;
    const placed = (port: number) => context.serviceAddress?.(clusterIP, port) ?? { host: clusterIP, port };
    const prefix = variableName(metadata.name ?? "");
    const { host, port } = placed(first.port);
    result[`${prefix}_SERVICE_HOST`] = host;
    result[`${prefix}_SERVICE_PORT`] = String(port);
    result[`${prefix}_PORT`] = `${(first.protocol ?? "TCP").toLowerCase()}://${host}:${port}`;
    for (const { name, port: said, protocol = "TCP" } of spec.ports ?? []) {
      const at = placed(said);
      if (name) result[`${prefix}_SERVICE_PORT_${variableName(name)}`] = String(at.port);
      const each = `${prefix}_PORT_${said}_${protocol}`;
      result[each] = `${protocol.toLowerCase()}://${at.host}:${at.port}`;
      result[`${each}_PROTO`] = protocol.toLowerCase();
      result[`${each}_PORT`] = String(at.port);
      result[`${each}_ADDR`] = at.host;
    }
  }
  return result;
}

function variableName(name: string): string {
  return name.toUpperCase().replaceAll("-", "_");
}
