import type { Json, JsonObject } from "../../model/json.ts";
import { isJsonObject } from "../../model/json.ts";
import type { FieldSpec } from "./kustomization.ts";
import { changeAt, identityOf, steps } from "./resource.ts";

const workloads = ["Deployment", "ReplicaSet", "DaemonSet", "StatefulSet", "ReplicationController", "Job"];
const template = "spec/template/metadata";
const inJob = "spec/jobTemplate/spec/template/metadata";

function each(kinds: readonly string[], path: string, create: boolean, group?: string): readonly FieldSpec[] {
  return kinds.map((kind) => ({ kind, path, create, ...(group === undefined ? {} : { group }) }));
}

/** Where every object carries labels. */
export const ownLabels: readonly FieldSpec[] = [{ path: "metadata/labels", create: true }];

/** Where the templates of pods and claims carry labels. */
export const templateLabels: readonly FieldSpec[] = [
  ...each(workloads, `${template}/labels`, true),
  ...each(["CronJob"], "spec/jobTemplate/metadata/labels", true),
  ...each(["CronJob"], `${inJob}/labels`, true),
  ...each(["StatefulSet"], "spec/volumeClaimTemplates[]/metadata/labels", true, "apps"),
];

const affinities = ["podAffinity", "podAntiAffinity"].flatMap((affinity) =>
  [
    "preferredDuringSchedulingIgnoredDuringExecution[]/podAffinityTerm",
    "requiredDuringSchedulingIgnoredDuringExecution[]",
  ].map((term) => `spec/template/spec/affinity/${affinity}/${term}/labelSelector/matchLabels`),
);

/** Where pods are selected by labels, as kustomize's own commonLabels know it. */
export const selectors: readonly FieldSpec[] = [
  ...each(["Service"], "spec/selector", true, ""),
  ...each(["ReplicationController"], "spec/selector", true, ""),
  ...each(["Deployment", "ReplicaSet", "DaemonSet", "StatefulSet"], "spec/selector/matchLabels", true),
  ...each(["Job"], "spec/selector/matchLabels", false, "batch"),
  ...each(["CronJob"], "spec/jobTemplate/spec/selector/matchLabels", false, "batch"),
  ...each(["PodDisruptionBudget"], "spec/selector/matchLabels", false, "policy"),
  ...each(["NetworkPolicy"], "spec/podSelector/matchLabels", false, "networking.k8s.io"),
  ...each(["NetworkPolicy"], "spec/ingress/from/podSelector/matchLabels", false, "networking.k8s.io"),
  ...each(["NetworkPolicy"], "spec/egress/to/podSelector/matchLabels", false, "networking.k8s.io"),
  ...["Deployment", "StatefulSet"].flatMap((kind) => affinities.flatMap((path) => each([kind], path, false, "apps"))),
  ...each(
    ["Deployment", "StatefulSet"],
    "spec/template/spec/topologySpreadConstraints[]/labelSelector/matchLabels",
    false,
    "apps",
  ),
];

/** Where annotations of everything go. */
export const annotations: readonly FieldSpec[] = [
  { path: "metadata/annotations", create: true },
  ...each(workloads, `${template}/annotations`, true),
  ...each(["CronJob"], "spec/jobTemplate/metadata/annotations", true),
  ...each(["CronJob"], `${inJob}/annotations`, true),
];

/** The object with `pairs` in every mapping that the specs lead to. */
export function addPairs(object: JsonObject, specs: readonly FieldSpec[], pairs: JsonObject): JsonObject {
  return changeFields(object, specs, (found) => ({ ...(isJsonObject(found) ? found : {}), ...pairs }));
}

/** The object with what `change` makes of each value that the specs lead to. */
export function changeFields(
  object: JsonObject,
  specs: readonly FieldSpec[],
  change: (found: Json | undefined) => Json | undefined,
): JsonObject {
  const { group, version, kind } = identityOf(object);
  return specs
    .filter(
      (spec) =>
        (spec.kind === undefined || spec.kind === kind) &&
        (spec.group === undefined || spec.group === group) &&
        (spec.version === undefined || spec.version === version),
    )
    .reduce<JsonObject>(
      (changed, { path, create = false }) => changeAt(changed, steps(path), change, create) as JsonObject,
      object,
    );
}
