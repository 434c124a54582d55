import type { Json, JsonObject } from "../../model/json.ts";
import { isJsonObject } from "../../model/json.ts";
import { changeFields } from "./field-specs.ts";
import { referenceFields } from "./reference-fields.ts";
import { identitiesOf, identityOf } from "./resource.ts";
import type { Identity, Resource } from "./resource.ts";

/** The resources with every name by which they refer to each other as it is now, whatever it was when it was written. */
export function followNames(resources: readonly Resource[]): readonly Resource[] {
  const moved = resources.filter(({ former }) => former.length > 0);
  if (moved.length === 0) return resources;
  const byKind = new Map<string, Map<string, Resource[]>>();
  for (const resource of moved) {
    const kind = kindOf(identityOf(resource.object));
    const byName = byKind.get(kind) ?? new Map<string, Resource[]>();
    byKind.set(kind, byName);
    for (const name of new Set(identitiesOf(resource).map((one) => one.name))) {
      byName.set(name, [...(byName.get(name) ?? []), resource]);
    }
  }
  return resources.map((resource) => ({ ...resource, object: follow(resource, byKind) }));
}

/** What has another name than it had, by every name that it ever had. */
type Named = ReadonlyMap<string, readonly Resource[]>;
/** The same by kinds, as `group/Kind`. */
type Moved = ReadonlyMap<string, Named>;

function follow(referrer: Resource, moved: Moved): JsonObject {
  const { kind } = identityOf(referrer.object);
  const byFields = referenceFields
    .filter((field) => field.in.includes(kind) && moved.has(field.to))
    .reduce<JsonObject>((object, { to, path }) => {
      return changeFields(object, [{ path }], (name) => find(referrer, [moved.get(to)], name)?.name ?? name);
    }, referrer.object);
  return followKinds(byFields, referrer, moved);
}

/** References that say the kind beside the name: scale targets, roles, subjects, and what a rule names. */
function followKinds(object: JsonObject, referrer: Resource, moved: Moved): JsonObject {
  const { kind } = identityOf(object);
  const change = (path: string, follow: (found: Json | undefined) => Json | undefined): JsonObject =>
    changeFields(object, [{ path }], follow);
  if (kind === "HorizontalPodAutoscaler")
    return change("spec/scaleTargetRef", (ref) => followTyped(ref, referrer, moved));
  if (kind === "Role" || kind === "ClusterRole") {
    return change("rules", (rules) =>
      Array.isArray(rules) ? (rules as readonly Json[]).map((rule) => followRule(rule, referrer, moved)) : rules,
    );
  }
  if (kind !== "RoleBinding" && kind !== "ClusterRoleBinding") return object;
  const bound = change("roleRef", (ref) => followTyped(ref, referrer, moved));
  return changeFields(bound, [{ path: "subjects" }], (subjects) =>
    Array.isArray(subjects)
      ? (subjects as readonly Json[]).map((one) => followTyped(one, referrer, moved) ?? one)
      : subjects,
  );
}

function followTyped(ref: Json | undefined, referrer: Resource, moved: Moved): Json | undefined {
  if (!isJsonObject(ref)) return ref;
  const { kind, name, apiGroup, apiVersion, namespace } = ref;
  const group =
    typeof apiGroup === "string"
      ? apiGroup
      : typeof apiVersion === "string" && apiVersion.includes("/")
        ? apiVersion.slice(0, apiVersion.indexOf("/"))
        : "";
  const wanted = typeof kind === "string" ? `${group}/${kind}` : "";
  const found = find(referrer, [moved.get(wanted)], name, namespace);
  if (found === undefined) return ref;
  const moves = kind === "ServiceAccount" && found.namespace !== "";
  return { ...ref, name: found.name, ...(moves ? { namespace: found.namespace } : {}) };
}

function followRule(rule: Json, referrer: Resource, moved: Moved): Json {
  const names = isJsonObject(rule) ? rule["resourceNames"] : undefined;
  const plurals = isJsonObject(rule) ? rule["resources"] : undefined;
  if (!isJsonObject(rule) || !Array.isArray(names) || !Array.isArray(plurals)) return rule;
  const kinds = { configmaps: "/ConfigMap", secrets: "/Secret", services: "/Service" };
  const candidates = Object.entries(kinds).flatMap(([plural, kind]) =>
    plurals.includes(plural) ? [moved.get(kind)] : [],
  );
  return {
    ...rule,
    resourceNames: (names as readonly Json[]).map((name) => find(referrer, candidates, name)?.name ?? name),
  };
}

/** The object that a name means: of those that were called so, the one in the referrer's namespace and with its affixes. */
function find(
  referrer: Resource,
  candidates: readonly (Named | undefined)[],
  name: Json | undefined,
  namespace?: Json,
): Identity | undefined {
  if (typeof name !== "string") return undefined;
  const called = candidates
    .flatMap((named) => named?.get(name) ?? [])
    .filter((candidate) =>
      identitiesOf(candidate).some(
        (one) => one.name === name && (namespace === undefined || one.namespace === "" || one.namespace === namespace),
      ),
    );
  const own = identityOf(referrer.object).namespace;
  const near = narrowed(called, ({ object }) => (identityOf(object).namespace || "default") === (own || "default"));
  const related = narrowed(near, ({ affixes }) => sharesAffixes(affixes, referrer.affixes));
  const [found] = related;
  return found && identityOf(found.object);
}

function narrowed(candidates: readonly Resource[], fits: (candidate: Resource) => boolean): readonly Resource[] {
  if (candidates.length < 2) return candidates;
  const fitting = candidates.filter(fits);
  return fitting.length > 0 ? fitting : candidates;
}

function sharesAffixes(left: readonly string[], right: readonly string[]): boolean {
  const length = Math.min(left.length, right.length);
  return left.slice(0, length).every((affix, index) => affix === right[index]);
}

function kindOf({ group, kind }: Identity): string {
  return `${group}/${kind}`;
}
