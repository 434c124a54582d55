import { schemaCauses } from "../custom/structure.ts";
import { type Cause, invalid } from "../refusal.ts";
import type { Resource } from "../resource-table.ts";
import { type JsonMap, sameJson, type StoredObject } from "../stored-object.ts";
import { forbiddenField, invalidValue, listAt, mapAt, required, textAt } from "./causes.ts";
import { metadataCauses } from "./metadata.ts";
import { checkForm, forms } from "./names.ts";
import { podSpecCauses } from "./pod-spec.ts";
import { serviceCauses } from "./service.ts";
import { workloadCauses } from "./workloads.ts";

type Rule = (object: StoredObject, live: StoredObject | undefined) => readonly Cause[];

/** Throws the refusal of an object that is not as its kind must be; `live` is what an update starts from. */
export function validate(resource: Resource, object: StoredObject, live: StoredObject | undefined): void {
  const byKind = resource.custom
    ? schemaCauses(resource.schema, object)
    : rules[resource.qualifiedName]?.(object, live);
  const causes = [...metadataCauses(resource, object, live), ...(byKind ?? [])];
  if (causes.length > 0) throw invalid(resource, object.metadata.name ?? "", causes);
}

const workload: Rule = (object, live) => workloadCauses(object.kind, object.spec ?? {}, live?.spec);

const rules: Readonly<Record<string, Rule>> = {
  pods: podCauses,
  "deployments.apps": workload,
  "replicasets.apps": workload,
  "statefulsets.apps": workload,
  "daemonsets.apps": workload,
  "jobs.batch": workload,
  events: eventCauses,
  "cronjobs.batch": ({ spec }) => cronCauses(spec ?? {}),
  services: ({ spec }) => serviceCauses(spec ?? {}),
  configmaps: (object, live) => keyedCauses(object, live, ["data", "binaryData"]),
  secrets: (object, live) => keyedCauses(object, live, ["data"]),
  "ingresses.networking.k8s.io": ({ spec }) => ingressCauses(spec ?? {}),
  "customresourcedefinitions.apiextensions.k8s.io": ({ spec }, live) =>
    live && !sameJson(spec?.["scope"], live.spec?.["scope"])
      ? [invalidValue("spec.scope", spec?.["scope"], "field is immutable")]
      : [],
  "leases.coordination.k8s.io": ({ spec }) => {
    const seconds = spec?.["leaseDurationSeconds"];
    return typeof seconds === "number" && seconds <= 0
      ? [invalidValue("spec.leaseDurationSeconds", seconds, "must be greater than 0")]
      : [];
  },
};

function eventCauses({ metadata, ...event }: StoredObject): readonly Cause[] {
  const namespace = textAt(mapAt(event, "involvedObject"), "namespace");
  const fits = namespace === metadata.namespace || (namespace === "" && metadata.namespace === "default");
  return fits ? [] : [invalidValue("involvedObject.namespace", namespace, "does not match event.namespace")];
}

function cronCauses(spec: JsonMap): readonly Cause[] {
  const schedule = textAt(spec, "schedule");
  const fields = schedule.split(/\s+/).filter((field) => field !== "");
  if (fields.length === 5 || schedule.startsWith("@")) return [];
  const why = `expected exactly 5 fields, found ${fields.length}: [${fields.join(" ")}]`;
  return [invalidValue("spec.schedule", schedule, why)];
}

function podCauses(pod: StoredObject, live: StoredObject | undefined): readonly Cause[] {
  const causes = podSpecCauses("spec", pod.spec ?? {});
  if (!live || causes.length > 0) return causes;
  const changed = Object.keys({ ...pod.spec, ...live.spec }).filter(
    (key) => !mutable.has(key) && !sameJson(withoutImages(pod.spec?.[key]), withoutImages(live.spec?.[key])),
  );
  const bound = live.spec?.["nodeName"] === undefined;
  const why =
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";
  return changed.some((key) => !(bound && key === "nodeName")) ? [forbiddenField("spec", why)] : [];
}

const mutable = new Set(["activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds", "schedulingGates"]);

function withoutImages(value: unknown): unknown {
  return Array.isArray(value) ? value.map((item: JsonMap) => ({ ...item, image: "" })) : value;
}

const mostBytes = 1_048_576;

/** ConfigMaps and Secrets: their keys, their size, and nothing changed once they are immutable. */
function keyedCauses(object: StoredObject, live: StoredObject | undefined, maps: readonly string[]): readonly Cause[] {
  const why = "field is immutable when `immutable` is set";
  const frozen = live?.["immutable"] === true;
  const size = maps
    .flatMap((map) => Object.values(mapAt(object, map)))
    .reduce<number>((sum, value) => sum + String(value).length, 0);
  return [
    ...maps.flatMap((map) =>
      Object.keys(mapAt(object, map)).flatMap((key) => checkForm(`${map}[${key}]`, key, forms.configKey)),
    ),
    ...Object.keys(mapAt(object, "binaryData"))
      .filter((key) => key in mapAt(object, "data") && maps.includes("binaryData"))
      .map((key) => invalidValue(`data[${key}]`, key, "duplicate of key present in binaryData")),
    ...(size > mostBytes
      ? [{ reason: "FieldValueTooLong", message: `Too long: may not be more than ${mostBytes} bytes`, field: "[]" }]
      : []),
    ...(frozen && object["immutable"] !== true ? [forbiddenField("immutable", why)] : []),
    ...(frozen ? maps.filter((map) => !sameJson(object[map], live[map])).map((map) => forbiddenField(map, why)) : []),
  ];
}

function ingressCauses(spec: JsonMap): readonly Cause[] {
  const ruleList = listAt(spec, "rules");
  if (ruleList.length === 0 && spec["defaultBackend"] === undefined) {
    return [invalidValue("spec", null, "either `defaultBackend` or `rules` must be specified")];
  }
  return ruleList.flatMap((rule, index) =>
    listAt(mapAt(rule, "http"), "paths").flatMap((path, at) => {
      const field = `spec.rules[${index}].http.paths[${at}]`;
      const { pathType } = path;
      if (pathType === undefined) return [required(`${field}.pathType`, "pathType must be specified")];
      const text = textAt(path, "path");
      const relative = pathType !== "ImplementationSpecific" && !text.startsWith("/");
      return relative ? [invalidValue(`${field}.path`, text, "must be an absolute path")] : [];
    }),
  );
}
