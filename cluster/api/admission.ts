import { labelNamespace, startNamespace } from "./namespaces.ts";
import { forbidden } from "./refusal.ts";
import type { ApiServer } from "./server.ts";
import { withAddresses } from "./service-addresses.ts";
import { type JsonMap, sameJson, type StoredObject, without } from "./stored-object.ts";
import type { Resource } from "./resource-table.ts";
import { listAt, textAt } from "./validation/causes.ts";

/** What the server itself adds to a new or changed object, by kind; refuses what Kubernetes' admission refuses. */
export function admit(server: ApiServer, resource: Resource, object: StoredObject, live?: StoredObject): StoredObject {
  switch (resource.qualifiedName) {
    case "namespaces":
      return live ? object : labelNamespace(object);
    case "services":
      return live ? withoutOldNodePorts(object, live) : { ...object, status: { loadBalancer: {} } };
    case "pods":
      return live ? object : newPod(server, resource, object);
    case "jobs.batch":
      return live ? object : newJob(object);
    case "deployments.apps":
    case "ingresses.networking.k8s.io":
      return live ? object : { ...object, status: resource.kind === "Ingress" ? { loadBalancer: {} } : {} };
    case "replicasets.apps":
      return live ? object : { ...object, status: { replicas: 0 } };
    case "statefulsets.apps":
      return live ? object : { ...object, status: { replicas: 0, availableReplicas: 0 } };
    case "daemonsets.apps":
      return live ? object : newDaemonSet(object);
    case "customresourcedefinitions.apiextensions.k8s.io":
      return live ? object : { ...object, status: unaccepted(object) };
    case "resourcequotas":
      return live ? object : { ...object, status: {} };
    default:
      return object;
  }
}

/** What the server decides after the owners of fields are settled, so that nobody owns it. */
export function complete(
  server: ApiServer,
  resource: Resource,
  object: StoredObject,
  live?: StoredObject,
): StoredObject {
  switch (resource.qualifiedName) {
    case "namespaces":
      return live ? object : startNamespace(object);
    case "services":
      return withAddresses(server, server.servicePrefix, resource, object, live);
    default:
      return object;
  }
}

const ofExternalTypes = [
  "externalTrafficPolicy",
  "allocateLoadBalancerNodePorts",
  "healthCheckNodePort",
  "loadBalancerClass",
];

/** Node ports that were given out, and what else only such types have, go when the type that had them goes, unless they are asked for. */
function withoutOldNodePorts(service: StoredObject, live: StoredObject): StoredObject {
  const exposed = (object: StoredObject): boolean => ["NodePort", "LoadBalancer"].includes(textAt(object.spec, "type"));
  if (exposed(service) || !exposed(live)) return service;
  const before = new Set(listAt(live.spec, "ports").map((port) => port["nodePort"]));
  const ports = listAt(service.spec, "ports").map((port) =>
    before.has(port["nodePort"]) ? without(port, "nodePort") : port,
  );
  const unchanged = ofExternalTypes.filter((key) => sameJson(service.spec?.[key], live.spec?.[key]));
  return { ...service, spec: { ...without(service.spec ?? {}, ...unchanged), ports } };
}

/** A definition before its names are accepted. */
function unaccepted({ spec }: StoredObject): JsonMap {
  const stored = listAt(spec, "versions").filter((version) => version["storage"] === true);
  const storedVersions = stored.map((version) => textAt(version, "name"));
  return { conditions: null, acceptedNames: { plural: "", kind: "" }, storedVersions };
}

function newDaemonSet(set: StoredObject): StoredObject {
  const annotations = { ...set.metadata.annotations, "deprecated.daemonset.template.generation": "1" };
  const none = { currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0 };
  return { ...set, metadata: { ...set.metadata, annotations }, status: none };
}

function newPod(server: ApiServer, resource: Resource, pod: StoredObject): StoredObject {
  const namespace = pod.metadata.namespace ?? "";
  const account = textAt(pod.spec, "serviceAccountName") || "default";
  const accounts = server.resource({ group: "", resource: "serviceaccounts" });
  if (!server.find({ resource: accounts, namespace, name: account })) {
    const why = `error looking up service account ${namespace}/${account}: serviceaccount "${account}" not found`;
    throw forbidden(resource, pod.metadata.name ?? "", why);
  }
  const priorityClass = pod.spec?.["priorityClassName"];
  const classes = server.resource({ group: "scheduling.k8s.io", resource: "priorityclasses" });
  if (typeof priorityClass === "string" && !priorityClass.startsWith("system-")) {
    if (!server.find({ resource: classes, namespace: "", name: priorityClass })) {
      const why = `no PriorityClass with name ${priorityClass} was found`;
      throw forbidden(resource, pod.metadata.name ?? "", why);
    }
  }
  return { ...pod, status: { phase: "Pending", qosClass: qosClass(pod) } };
}

/** Guaranteed when every container's cpu and memory are limited to what they request, BestEffort when none asks. */
function qosClass(pod: StoredObject): string {
  const containers = [pod.spec?.["containers"], pod.spec?.["initContainers"]].flatMap(
    (list) => (list ?? []) as readonly JsonMap[],
  );
  const resources = containers.map((container) => (container["resources"] ?? {}) as Readonly<Record<string, JsonMap>>);
  const asks = resources.some(({ requests, limits }) => hasAny(requests) || hasAny(limits));
  if (!asks) return "BestEffort";
  const guaranteed = resources.every(({ requests, limits }) =>
    ["cpu", "memory"].every((key) => limits?.[key] !== undefined && requests?.[key] === limits[key]),
  );
  return guaranteed ? "Guaranteed" : "Burstable";
}

function hasAny(map: JsonMap | undefined): boolean {
  return map !== undefined && Object.keys(map).length > 0;
}

/** A job finds its pods by its own uid, unless it says how itself. */
function newJob(job: StoredObject): StoredObject {
  const spec = job.spec ?? {};
  if (spec["manualSelector"] === true) return { ...job, status: {} };
  const { uid = "", name = "" } = job.metadata;
  const labels = {
    "batch.kubernetes.io/controller-uid": uid,
    "batch.kubernetes.io/job-name": name,
    "controller-uid": uid,
    "job-name": name,
  };
  const template = (spec["template"] ?? {}) as JsonMap;
  const metadata = (template["metadata"] ?? {}) as JsonMap;
  const given = spec["selector"] as JsonMap | undefined;
  const matchLabels = { ...(given?.["matchLabels"] as JsonMap | undefined), "batch.kubernetes.io/controller-uid": uid };
  return {
    ...job,
    metadata: {
      ...job.metadata,
      labels: { ...labels, ...(metadata["labels"] as Record<string, string> | undefined), ...job.metadata.labels },
    },
    spec: {
      ...spec,
      selector: { ...given, matchLabels },
      manualSelector: spec["manualSelector"] ?? false,
      template: {
        ...template,
        metadata: { ...metadata, labels: { ...(metadata["labels"] as JsonMap | undefined), ...labels } },
      },
    },
    status: {},
  };
}
