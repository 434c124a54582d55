import type { JsonObject } from "../../model/json.ts";

/** Lists of pods' templates and the like that are merged by a key, wherever their field stands in a kind of Kubernetes. */
const byField: { readonly [field: string]: readonly string[] } = {
  containers: ["name"],
  initContainers: ["name"],
  ephemeralContainers: ["name"],
  env: ["name"],
  volumes: ["name"],
  volumeMounts: ["mountPath"],
  volumeDevices: ["devicePath"],
  hostAliases: ["ip"],
  topologySpreadConstraints: ["topologyKey", "whenUnsatisfiable"],
  schedulingGates: ["name"],
  resourceClaims: ["name"],
  claims: ["name"],
  webhooks: ["name"],
  matchConditions: ["name"],
  variables: ["name"],
};

const groups =
  /^(apps|batch|autoscaling|policy|admissionregistration\.k8s\.io|networking\.k8s\.io|rbac\.authorization\.k8s\.io|storage\.k8s\.io|scheduling\.k8s\.io|apiextensions\.k8s\.io|apiregistration\.k8s\.io|coordination\.k8s\.io|discovery\.k8s\.io|events\.k8s\.io|node\.k8s\.io)\//;

/**
 * By which members the items of the list at `path` are told apart: none for a list of plain values that is merged, undefined
 * for a list that is replaced. From the patch strategies and list types of the OpenAPI of Kubernetes 1.34; lists of custom
 * kinds are replaced.
 */
export function listKeys(object: JsonObject, path: readonly string[]): readonly string[] | undefined {
  const field = path.at(-1) ?? "";
  const parent = path.at(-2);
  if (path.length === 2 && parent === "metadata") {
    if (field === "finalizers") return [];
    return field === "ownerReferences" ? ["uid"] : undefined;
  }
  const { apiVersion, kind } = object;
  if (typeof apiVersion !== "string" || !(apiVersion === "v1" || groups.test(apiVersion))) return undefined;
  if (kind === "CustomResourceDefinition") return undefined;
  if (field === "ports") {
    if (kind === "Service") return ["port", "protocol"];
    return parent !== undefined && parent.endsWith("ontainers") ? ["containerPort", "protocol"] : undefined;
  }
  if (field === "secrets") return kind === "ServiceAccount" ? ["name"] : undefined;
  if (field === "imagePullSecrets") return kind === "ServiceAccount" ? undefined : ["name"];
  return Object.hasOwn(byField, field) ? byField[field] : undefined;
}
