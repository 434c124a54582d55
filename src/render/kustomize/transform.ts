import type { Json, JsonObject } from "../../model/json.ts";
import { isJsonObject, valueAt } from "../../model/json.ts";
import { ProblemError } from "../../model/problem.ts";
import type { Place } from "../../model/problem.ts";
import { addPairs, annotations, changeFields, ownLabels, selectors, templateLabels } from "./field-specs.ts";
import type { Configuration } from "./configurations.ts";
import type { FieldSpec, ImageChange, Kustomization } from "./kustomization.ts";
import { become, identitiesOf, identityOf } from "./resource.ts";
import type { Resource } from "./resource.ts";

/** What stays called as it is: others know these by their whole names. */
const unaffixed = new Set([
  "/Namespace",
  "apiextensions.k8s.io/CustomResourceDefinition",
  "apiregistration.k8s.io/APIService",
]);

/** The object, and what is bound to the default account, in `namespace`; kinds of the whole cluster take none. */
export function setNamespace(
  resource: Resource,
  namespace: string,
  isCluster: (kind: string) => boolean,
  more: readonly FieldSpec[],
): Resource {
  const object = changeFields(resource.object, [...serviceNamespaces, ...more], () => namespace);
  const { kind, group } = identityOf(object);
  if (kind === "Namespace" && group === "") return named(resource, namespace);
  const isClusterWide = isCluster(`${group}/${kind}`);
  if (kind === "RoleBinding" || kind === "ClusterRoleBinding") {
    const bound = changeFields(object, [{ path: "subjects[]" }], (found) => rebind(found, namespace));
    return isClusterWide ? become(resource, bound) : become(resource, inNamespace(bound, namespace));
  }
  return become(resource, isClusterWide ? object : inNamespace(object, namespace));
}

/** Where kinds of the whole cluster say in which namespace their services are. */
const serviceNamespaces: readonly FieldSpec[] = [
  { kind: "APIService", group: "apiregistration.k8s.io", path: "spec/service/namespace", create: true },
  {
    kind: "CustomResourceDefinition",
    group: "apiextensions.k8s.io",
    path: "spec/conversion/webhook/clientConfig/service/namespace",
  },
];

function rebind(subjects: Json | undefined, namespace: string): Json | undefined {
  if (!Array.isArray(subjects)) return subjects;
  return (subjects as readonly Json[]).map((subject) =>
    isJsonObject(subject) && subject["kind"] === "ServiceAccount" && subject["name"] === "default"
      ? { ...subject, namespace }
      : subject,
  );
}

function inNamespace(object: JsonObject, namespace: string): JsonObject {
  const metadata = object["metadata"];
  return { ...object, metadata: { ...(isJsonObject(metadata) ? metadata : {}), namespace } };
}

/** The resource by another name; the old one is remembered. */
export function named(resource: Resource, name: string): Resource {
  const { metadata } = resource.object;
  return become(resource, { ...resource.object, metadata: { ...(isJsonObject(metadata) ? metadata : {}), name } });
}

/** The resource with a prefix and a suffix to its name. */
export function affix(resource: Resource, prefix: string, suffix: string): Resource {
  const { group, kind, name } = identityOf(resource.object);
  if (unaffixed.has(`${group}/${kind}`) || (prefix === "" && suffix === "")) return resource;
  const { prefixes, suffixes } = resource;
  return {
    ...named(resource, prefix + name + suffix),
    prefixes: prefix === "" ? prefixes : [...prefixes, prefix],
    suffixes: suffix === "" ? suffixes : [...suffixes, suffix],
  };
}

/** Labels and annotations that a kustomization gives to all. */
export function mark(
  resource: Resource,
  { labels, commonLabels, commonAnnotations }: Kustomization,
  more: Configuration,
): Resource {
  const everywhere = [...ownLabels, ...templateLabels, ...selectors, ...more.commonLabels];
  const templates = [...ownLabels, ...templateLabels, ...more.templateLabels];
  let object = resource.object;
  for (const { pairs = {}, includeSelectors, includeTemplates, fields = [] } of labels ?? []) {
    const specs = includeSelectors ? everywhere : includeTemplates ? templates : ownLabels;
    object = addPairs(object, [...specs, ...fields, ...more.labels], pairs);
  }
  if (commonLabels && Object.keys(commonLabels).length > 0) object = addPairs(object, everywhere, commonLabels);
  if (commonAnnotations && Object.keys(commonAnnotations).length > 0)
    object = addPairs(object, [...annotations, ...more.commonAnnotations], commonAnnotations);
  return { ...resource, object };
}

const replicaFields = ["Deployment", "ReplicaSet", "StatefulSet", "ReplicationController"].map((kind): FieldSpec => ({
  kind,
  path: "spec/replicas",
  create: true,
}));

/** The resources with the number of replicas of one workload, which must be there. */
export function setReplicas(
  resources: readonly Resource[],
  { name, count }: { readonly name: string; readonly count: number },
  where: Place,
  more: readonly FieldSpec[],
): readonly Resource[] {
  const fields = [...replicaFields, ...more];
  const fitting = (resource: Resource): readonly FieldSpec[] => {
    const kinds = identitiesOf(resource).flatMap((one) => (one.name === name ? [one.kind] : []));
    return fields.filter(({ kind }) => kinds.some((one) => kind === undefined || kind === one));
  };
  if (!resources.some((resource) => fitting(resource).length > 0)) {
    throw new ProblemError({
      code: "kustomization-replicas",
      message: `replicas names ${JSON.stringify(name)}, but no Deployment, StatefulSet, ReplicaSet or ReplicationController here is called so.`,
      where,
      remedy: "Correct the name, or remove the entry.",
    });
  }
  return resources.map((resource) => {
    const object = changeFields(resource.object, fitting(resource), () => count);
    return object === resource.object ? resource : { ...resource, object };
  });
}

/** The object with an image changed wherever containers name it. */
export function setImage(object: JsonObject, image: ImageChange, more: readonly FieldSpec[]): JsonObject {
  if (identityOf(object).kind === "CustomResourceDefinition") return object;
  const reimaged = (value: Json): Json => (typeof value === "string" ? changedImage(value, image) : value);
  const walk = (value: Json): Json => {
    if (Array.isArray(value)) return mapped(value as readonly Json[], walk);
    if (!isJsonObject(value)) return value;
    return mappedMembers(value, (member, key) => {
      if ((key === "containers" || key === "initContainers") && Array.isArray(member)) {
        return mapped(member as readonly Json[], (item) =>
          isJsonObject(item) && item["image"] !== undefined ? replaced(item, "image", reimaged(item["image"])) : item,
        );
      }
      if (key === "volumes" && Array.isArray(member)) {
        return mapped(member as readonly Json[], (item) => {
          const volume = isJsonObject(item) ? item["image"] : undefined;
          const reference = valueAt(volume, "reference");
          return isJsonObject(item) && isJsonObject(volume) && reference !== undefined
            ? replaced(item, "image", replaced(volume, "reference", reimaged(reference)))
            : item;
        });
      }
      return walk(member);
    });
  };
  return changeFields(walk(object) as JsonObject, more, (found) => (found === undefined ? found : reimaged(found)));
}

/** `name`, `name:tag` or `name@digest` with another name, tag or digest. */
function changedImage(image: string, { name, newName, newTag, digest }: ImageChange): string {
  if (!image.startsWith(name)) return image;
  const match = /^(:[\w.{}-]*)?(@sha256:[a-zA-Z0-9_.{}-]*)?$/.exec(image.slice(name.length));
  if (!match) return image;
  const [, tag = "", pinned = ""] = match;
  const base = newName ?? name;
  if (newTag !== undefined && digest !== undefined) return `${base}:${newTag}@${digest}`;
  if (newTag !== undefined) return `${base}:${newTag}`;
  if (digest !== undefined) return `${base}@${digest}`;
  return `${base}${tag}${pinned}`;
}

function mapped(items: readonly Json[], change: (item: Json) => Json): readonly Json[] {
  const changed = items.map(change);
  return changed.every((item, index) => item === items[index]) ? items : changed;
}

function mappedMembers(object: JsonObject, change: (member: Json, key: string) => Json): JsonObject {
  const entries = Object.entries(object);
  const changed = entries.map(([key, member]) => [key, member === undefined ? member : change(member, key)] as const);
  return changed.every(([, member], index) => member === entries[index]?.[1]) ? object : Object.fromEntries(changed);
}

function replaced(object: JsonObject, key: string, value: Json): JsonObject {
  return object[key] === value ? object : { ...object, [key]: value };
}
