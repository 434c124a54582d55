import { dataFile } from "./data-file.ts";
import type { Schema } from "./schema.ts";
import type { JsonMap, StoredObject } from "./stored-object.ts";
import { textAt } from "./validation/causes.ts";

type Computed = (node: JsonMap) => JsonMap;

let constants: Readonly<Record<string, JsonMap>> | undefined;

/** Fills in what Kubernetes would, by cluster/data/defaults.json and the few defaults that depend on other fields. */
export function withDefaults(schema: Schema | undefined, object: StoredObject): StoredObject {
  if (!schema) return object;
  const spec = schema.property("spec");
  // A kind whose spec is no pointer has one even where none was given.
  const whole = object.spec === undefined && spec?.default !== undefined ? { ...object, spec: {} } : object;
  const filled = fill(schema, whole) as StoredObject;
  return filled.kind === "Pod" && filled.apiVersion === "v1" ? podDefaults(filled) : filled;
}

function fill(schema: Schema, value: unknown): unknown {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items ? mapped(value, (item: unknown) => fill(items, item)) : value;
  }
  if (typeof value !== "object" || value === null || schema.freeForm) return value;
  let filled = value as JsonMap;
  if (schema.definition !== undefined) {
    constants ??= dataFile<Readonly<Record<string, JsonMap>>>("defaults.json");
    const constant = constants[schema.definition];
    if (constant && Object.keys(constant).some((key) => filled[key] === undefined)) filled = { ...constant, ...filled };
    filled = computed[schema.definition]?.(filled) ?? filled;
    // Status and metadata are never defaulted; leaving them out keeps status updates cheap.
    if (schema.definition.endsWith("Status") || schema.definition.endsWith(".ObjectMeta")) return filled;
  }
  let changed: Record<string, unknown> | undefined;
  for (const [key, inner] of Object.entries(filled)) {
    const field = typeof inner === "object" && inner !== null ? schema.field(key) : undefined;
    const next = field ? fill(field, inner) : inner;
    if (next !== inner) (changed ??= { ...filled })[key] = next;
  }
  return changed ?? filled;
}

function mapped(list: readonly unknown[], change: (item: unknown) => unknown): readonly unknown[] {
  const next = list.map(change);
  return next.every((item, index) => item === list[index]) ? list : next;
}

const core = "io.k8s.api.core.v1.";

/** Defaults that depend on what else is there. */
const computed: Readonly<Record<string, Computed>> = {
  [`${core}Container`]: (container) =>
    container["imagePullPolicy"] ? container : { ...container, imagePullPolicy: pullPolicyOf(container["image"]) },
  [`${core}PodSpec`]: (spec) => {
    const account = spec["serviceAccountName"] ?? spec["serviceAccount"];
    return account === undefined ? spec : { ...spec, serviceAccountName: account, serviceAccount: account };
  },
  [`${core}Secret`]: withoutStringData,
  [`${core}ServiceSpec`]: serviceDefaults,
  [`${core}ServicePort`]: (port) =>
    port["targetPort"] === undefined || port["targetPort"] === 0 || port["targetPort"] === ""
      ? { ...port, targetPort: port["port"] }
      : port,
  "io.k8s.api.apps.v1.DeploymentStrategy": rolling,
  "io.k8s.api.apps.v1.StatefulSetUpdateStrategy": rolling,
  "io.k8s.api.apps.v1.DaemonSetUpdateStrategy": rolling,
  "io.k8s.api.batch.v1.JobSpec": (spec) => {
    const { completions, parallelism } = spec;
    const one = completions === undefined && parallelism === undefined ? { completions: 1 } : {};
    return { ...one, ...spec, parallelism: parallelism ?? 1 };
  },
  "io.k8s.api.networking.v1.NetworkPolicySpec": (spec) =>
    spec["policyTypes"] ? spec : { ...spec, policyTypes: ["Ingress", ...(spec["egress"] ? ["Egress"] : [])] },
  "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionNames": (names) => {
    const kind = textAt(names, "kind");
    return {
      ...names,
      singular: names["singular"] ?? kind.toLowerCase(),
      listKind: names["listKind"] ?? `${kind}List`,
    };
  },
  "io.k8s.api.rbac.v1.Subject": (subject) =>
    subject["apiGroup"] === undefined && subject["kind"] !== "ServiceAccount"
      ? { ...subject, apiGroup: "rbac.authorization.k8s.io" }
      : subject,
};

/** Plain texts are taken in place of encoded ones, and never given back. */
function withoutStringData({ stringData, ...secret }: JsonMap): JsonMap {
  if (stringData === undefined) return secret;
  const encoded = Object.entries(stringData as Readonly<Record<string, string>>).map(([key, text]) => [
    key,
    Buffer.from(text).toString("base64"),
  ]);
  return { ...secret, data: { ...(secret["data"] as JsonMap | undefined), ...Object.fromEntries(encoded) } };
}

function rolling(strategy: JsonMap): JsonMap {
  return strategy["type"] === "RollingUpdate" && !strategy["rollingUpdate"]
    ? { ...strategy, rollingUpdate: {} }
    : strategy;
}

/** Always for the tag latest (or none at all), else IfNotPresent. */
function pullPolicyOf(image: unknown): string {
  const reference = typeof image === "string" ? image : "";
  if (reference.includes("@")) return "IfNotPresent";
  const tag = /:([^:/]+)$/.exec(reference)?.[1];
  return tag === undefined || tag === "latest" ? "Always" : "IfNotPresent";
}

function serviceDefaults(spec: JsonMap): JsonMap {
  if (spec["type"] === "ExternalName") return spec;
  const external = spec["type"] === "NodePort" || spec["type"] === "LoadBalancer";
  return {
    ...spec,
    internalTrafficPolicy: spec["internalTrafficPolicy"] ?? "Cluster",
    ...(external ? { externalTrafficPolicy: spec["externalTrafficPolicy"] ?? "Cluster" } : {}),
    ...(spec["type"] === "LoadBalancer"
      ? { allocateLoadBalancerNodePorts: spec["allocateLoadBalancerNodePorts"] ?? true }
      : {}),
  };
}

const evictions = ["not-ready", "unreachable"].map((taint) => ({
  key: `node.kubernetes.io/${taint}`,
  operator: "Exists",
  effect: "NoExecute",
  tolerationSeconds: 300,
}));

const lists = ["containers", "initContainers"];

/** Containers that request what they are limited to, where they do not say. */
function requesting(containers: unknown): readonly JsonMap[] {
  return (containers as readonly JsonMap[]).map((container) => {
    const resources = container["resources"] as JsonMap | undefined;
    const limits = resources?.["limits"] as JsonMap | undefined;
    if (!limits) return container;
    const requests = { ...limits, ...(resources?.["requests"] as JsonMap | undefined) };
    return { ...container, resources: { ...resources, requests } };
  });
}

/** What defaulting and admission give to pods, but not to the templates that they are made from. */
function podDefaults(pod: StoredObject): StoredObject {
  const spec = pod.spec ?? {};
  const account = spec["serviceAccountName"] ?? "default";
  const tolerations = (spec["tolerations"] ?? []) as readonly JsonMap[];
  const missing = evictions.filter(({ key }) => !tolerations.some((other) => other["key"] === key));
  return {
    ...pod,
    spec: {
      ...spec,
      ...Object.fromEntries(lists.flatMap((list) => (spec[list] ? [[list, requesting(spec[list])]] : []))),
      serviceAccountName: account,
      serviceAccount: account,
      enableServiceLinks: spec["enableServiceLinks"] ?? true,
      preemptionPolicy: spec["preemptionPolicy"] ?? "PreemptLowerPriority",
      priority: spec["priority"] ?? 0,
      tolerations: [...tolerations, ...missing],
    },
  };
}
