import { startNamespace } from "./namespaces.ts";
import { forbidden } from "./refusal.ts";
import type { ApiServer } from "./server.ts";
import { withAddresses } from "./service-addresses.ts";
import type { JsonMap, StoredObject } from "./stored-object.ts";
import type { Resource } from "./resource-table.ts";
import { textAt } from "./validation/causes.ts";

/** What the server itself adds to a new or changed object, by kind; refuses what Kubernetes' admission refuses. */
export function admit(server: ApiServer, resource: Resource, object: StoredObject, live?: StoredObject): StoredObject {
  switch (resource.qualifiedName) {
    case "namespaces":
      return live ? object : startNamespace(object);
    case "services": {
      const addressed = withAddresses(server, server.servicePrefix, resource, object, live);
      return live ? addressed : { ...addressed, status: { loadBalancer: {} } };
    }
    case "pods":
      return live ? object : newPod(server, resource, object);
    case "jobs.batch":
      return live ? object : newJob(object);
    case "deployments.apps":
    case "ingresses.networking.k8s.io":
      return live ? object : { ...object, status: resource.kind === "Ingress" ? { loadBalancer: {} } : {} };
    case "replicasets.apps":
      return live ? object : { ...object, status: { replicas: 0 } };
    default:
      return object;
  }
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
