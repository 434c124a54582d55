import type { Json, JsonObject } from "../../model/json.ts";
import { isJsonObject } from "../../model/json.ts";
import { changeFields } from "./field-specs.ts";
import { referenceFields } from "./reference-fields.ts";
import type { ReferenceField } from "./reference-fields.ts";
import { Referrals } from "./referrals.ts";
import { identityOf } from "./resource.ts";
import type { Resource } from "./resource.ts";

/**
 * The resources with every name by which they refer to each other as it is now, whatever it was when it was written.
 * `more` are the fields that kustomizations name besides those that are known; `isCluster` knows kinds without a namespace.
 */
export function followNames(
  resources: readonly Resource[],
  isCluster: (kind: string) => boolean,
  more: readonly ReferenceField[] = [],
): readonly Resource[] {
  const referrals = new Referrals(resources, isCluster);
  if (referrals.isEmpty) return resources;
  const fields = [...referenceFields, ...more].filter(({ to }) => referrals.has(to));
  return resources.map((resource) => ({ ...resource, object: follow(resource, referrals, fields) }));
}

function follow(referrer: Resource, referrals: Referrals, fields: readonly ReferenceField[]): JsonObject {
  const { kind } = identityOf(referrer.object);
  const byFields = fields
    .filter((field) => field.in.length === 0 || field.in.includes(kind))
    .reduce<JsonObject>((object, { to, path, group, version }) => {
      const spec = { path, ...(group === undefined ? {} : { group }), ...(version === undefined ? {} : { version }) };
      return changeFields(object, [spec], (found) => renamed(found, referrer, referrals, to));
    }, referrer.object);
  return followKinds(byFields, referrer, referrals);
}

/** A name, an object with one, or a list of either. */
function renamed(found: Json | undefined, referrer: Resource, referrals: Referrals, to: string): Json | undefined {
  if (Array.isArray(found))
    return (found as readonly Json[]).map((item) => renamed(item, referrer, referrals, to) ?? item);
  if (typeof found === "string") return referrals.find(referrer, [to], found)?.name ?? found;
  return isJsonObject(found) ? moved(found, referrer, referrals, to) : found;
}

/** A reference by name and namespace, which both may be others now. */
function moved(ref: JsonObject, referrer: Resource, referrals: Referrals, to: string): JsonObject {
  const found = referrals.findNamed(referrer, to, ref);
  if (found === undefined) return ref;
  return { ...ref, name: found.name, ...(found.namespace === "" ? {} : { namespace: found.namespace }) };
}

/** References that say the kind beside the name: scale targets, roles, subjects, and what a rule names. */
function followKinds(object: JsonObject, referrer: Resource, referrals: Referrals): JsonObject {
  const { kind } = identityOf(object);
  const change = (path: string, changed: (found: JsonObject) => Json): JsonObject =>
    changeFields(object, [{ path }], (found) => eachObject(found, changed));
  const named = (ref: JsonObject, group: string): JsonObject => {
    const found = referrals.find(referrer, [`${group}/${text(ref["kind"])}`], ref["name"]);
    return found === undefined ? ref : { ...ref, name: found.name };
  };
  if (kind === "HorizontalPodAutoscaler")
    return change("spec/scaleTargetRef", (ref) => (scalable.has(text(ref["kind"])) ? named(ref, "*") : ref));
  if (kind === "Role" || kind === "ClusterRole")
    return change("rules", (rule) => followRule(rule, referrer, referrals));
  if (kind !== "RoleBinding" && kind !== "ClusterRoleBinding") return object;
  const bound = change("roleRef", (ref) => named(ref, text(ref["apiGroup"])));
  // A user may be called like an account, and is another.
  const account = (subject: JsonObject): Json =>
    subject["kind"] === "ServiceAccount" ? moved(subject, referrer, referrals, "/ServiceAccount") : subject;
  return changeFields(bound, [{ path: "subjects" }], (found) => eachObject(found, account));
}

/** What an autoscaler is known to scale, whatever version of it the reference is of. */
const scalable = new Set(["Deployment", "ReplicaSet", "StatefulSet", "ReplicationController"]);

function eachObject(found: Json | undefined, changed: (object: JsonObject) => Json): Json | undefined {
  if (Array.isArray(found)) return (found as readonly Json[]).map((item) => eachObject(item, changed) ?? item);
  return isJsonObject(found) ? changed(found) : found;
}

const kindOfPlural = { configmaps: "/ConfigMap", secrets: "/Secret", services: "/Service" };

function followRule(rule: JsonObject, referrer: Resource, referrals: Referrals): Json {
  const { resourceNames: names, resources: plurals } = rule;
  if (!Array.isArray(names) || !Array.isArray(plurals)) return rule;
  const kinds = Object.entries(kindOfPlural).flatMap(([plural, kind]) => (plurals.includes(plural) ? [kind] : []));
  return {
    ...rule,
    resourceNames: (names as readonly Json[]).map((name) => referrals.find(referrer, kinds, name)?.name ?? name),
  };
}

function text(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}
