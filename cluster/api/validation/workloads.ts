import type { Cause } from "../refusal.ts";
import { type JsonMap, sameJson } from "../stored-object.ts";
import { forbiddenField, invalidValue, mapAt, notNegative, notSupported, required } from "./causes.ts";
import { labelCauses } from "./metadata.ts";
import { podSpecCauses } from "./pod-spec.ts";

/** What is wrong with the spec of something that makes pods from a template. */
export function workloadCauses(kind: string, spec: JsonMap, before: JsonMap | undefined): readonly Cause[] {
  const isJob = kind === "Job";
  return [
    ...notNegative("spec.replicas", spec["replicas"]),
    ...(isJob ? jobCauses(spec) : selectorCauses(kind, spec, before)),
    ...templateCauses(kind, mapAt(spec, "template")),
    ...(kind === "Deployment" ? deploymentCauses(spec) : []),
    ...notNegative("spec.minReadySeconds", spec["minReadySeconds"]),
    ...notNegative("spec.revisionHistoryLimit", spec["revisionHistoryLimit"]),
    ...(before && kind === "Job" ? immutable(spec, before, ["selector", "template", "completionMode"]) : []),
  ];
}

function immutable(spec: JsonMap, before: JsonMap, fields: readonly string[]): readonly Cause[] {
  return fields
    .filter((field) => !sameJson(spec[field], before[field]))
    .map((field) => invalidValue(`spec.${field}`, spec[field], "field is immutable"));
}

function selectorCauses(kind: string, spec: JsonMap, before: JsonMap | undefined): readonly Cause[] {
  const selector = spec["selector"] as JsonMap | undefined;
  const labels = mapAt(mapAt(mapAt(spec, "template"), "metadata"), "labels");
  const shown = Object.keys(labels).length === 0 ? null : labels;
  const mismatch = invalidValue("spec.template.metadata.labels", shown, "`selector` does not match template `labels`");
  const immutable =
    before && !sameJson(selector, before["selector"])
      ? [invalidValue("spec.selector", selector, "field is immutable")]
      : [];
  if (!selector) return [required("spec.selector"), mismatch, ...immutable];
  if (Object.keys(selector).length === 0) {
    return [
      invalidValue("spec.selector", selector, `empty selector is invalid for ${nouns[kind] ?? kind.toLowerCase()}`),
    ];
  }
  return [...(selects(selector, labels) ? [] : [mismatch]), ...immutable];
}

const nouns: Readonly<Record<string, string>> = { StatefulSet: "statefulset", DaemonSet: "daemonset" };

/** True when a LabelSelector takes these labels. */
export function selects(selector: JsonMap, labels: JsonMap): boolean {
  const wanted = Object.entries(mapAt(selector, "matchLabels"));
  const expressions = (selector["matchExpressions"] ?? []) as readonly JsonMap[];
  return (
    wanted.every(([key, value]) => labels[key] === value) &&
    expressions.every(({ key, operator, values }) => {
      const value = labels[String(key)];
      const listed = ((values ?? []) as readonly unknown[]).includes(value);
      if (operator === "In") return value !== undefined && listed;
      if (operator === "NotIn") return value === undefined || !listed;
      return (operator === "Exists") === (value !== undefined);
    })
  );
}

function templateCauses(kind: string, template: JsonMap): readonly Cause[] {
  const spec = mapAt(template, "spec");
  const policy = spec["restartPolicy"];
  const causes = [
    ...labelCauses("spec.template.metadata.labels", mapAt(mapAt(template, "metadata"), "labels")),
    ...podSpecCauses("spec.template.spec", spec),
  ];
  if (kind === "Job") {
    const why = 'valid values: "OnFailure", "Never"';
    return policy === "Always" ? [...causes, required("spec.template.spec.restartPolicy", why)] : causes;
  }
  return policy === undefined || policy === "Always"
    ? causes
    : [...causes, notSupported("spec.template.spec.restartPolicy", policy, ["Always"])];
}

function jobCauses(spec: JsonMap): readonly Cause[] {
  const counts = ["parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished"];
  const selector = mapAt(spec, "selector");
  const labels = mapAt(mapAt(mapAt(spec, "template"), "metadata"), "labels");
  const isOwn = spec["manualSelector"] === true || Object.keys(mapAt(selector, "matchLabels")).length === 1;
  return [
    ...counts.flatMap((key) => notNegative(`spec.${key}`, spec[key])),
    ...(isOwn ? [] : [invalidValue("spec.selector", selector, "`selector` not auto-generated")]),
    ...(selects(selector, labels)
      ? []
      : [invalidValue("spec.template.metadata.labels", labels, "`selector` does not match template `labels`")]),
  ];
}

function deploymentCauses(spec: JsonMap): readonly Cause[] {
  const strategy = mapAt(spec, "strategy");
  const deadline = Number(spec["progressDeadlineSeconds"] ?? 600);
  const tooSoon = deadline <= Number(spec["minReadySeconds"] ?? 0);
  return [
    ...strategyCauses(strategy),
    ...(tooSoon
      ? [invalidValue("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds")]
      : []),
  ];
}

function strategyCauses(strategy: JsonMap): readonly Cause[] {
  const { type, rollingUpdate } = strategy;
  if (type === "Recreate") {
    const why = "may not be specified when strategy `type` is 'Recreate'";
    return rollingUpdate === undefined ? [] : [forbiddenField("spec.strategy.rollingUpdate", why)];
  }
  if (type !== "RollingUpdate") {
    const shown = { Type: type, RollingUpdate: rollingUpdate ?? null };
    return [notSupported("spec.strategy", shown, ["Recreate", "RollingUpdate"])];
  }
  const at = "spec.strategy.rollingUpdate";
  const { maxSurge, maxUnavailable } = mapAt(strategy, "rollingUpdate");
  const none = isZero(maxSurge) && isZero(maxUnavailable);
  return [
    ...amountCauses(`${at}.maxUnavailable`, maxUnavailable, 100),
    ...amountCauses(`${at}.maxSurge`, maxSurge),
    ...(none ? [invalidValue(`${at}.maxUnavailable`, maxUnavailable, "may not be 0 when `maxSurge` is 0")] : []),
  ].sort((a, b) => (a.field < b.field ? -1 : 1));
}

function isZero(amount: unknown): boolean {
  return amount === 0 || amount === "0%";
}

/** A count, or a percentage of at most `most`. */
function amountCauses(field: string, amount: unknown, most?: number): readonly Cause[] {
  if (typeof amount === "number") return notNegative(field, amount);
  if (typeof amount !== "string") return [];
  const percent = /^(\d+)%$/.exec(amount);
  if (!percent) {
    const why =
      "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";
    return [invalidValue(field, amount, why)];
  }
  return most !== undefined && Number(percent[1]) > most
    ? [invalidValue(field, amount, `must not be greater than ${most}%`)]
    : [];
}
