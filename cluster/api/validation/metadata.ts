import type { Cause } from "../refusal.ts";
import type { Resource } from "../resource-table.ts";
import type { JsonMap, StoredObject } from "../stored-object.ts";
import { forbiddenField, invalidValue, listAt } from "./causes.ts";
import { checkForm, checkQualifiedName, forms } from "./names.ts";

/** What is wrong with an object's metadata. */
export function metadataCauses(resource: Resource, { metadata }: StoredObject, live?: StoredObject): readonly Cause[] {
  const nameForm =
    resource.group === "rbac.authorization.k8s.io" ? undefined : (nameForms[resource.qualifiedName] ?? forms.subdomain);
  const { name = "", generateName } = metadata;
  const causes: Cause[] = [];
  if (nameForm) {
    if (generateName) {
      const whole = checkForm("metadata.generateName", generateName.replace(/-+$/, "a"), nameForm);
      causes.push(...whole.map((cause) => replaced(cause, generateName)));
    }
    if (!(generateName && name.length > 63)) causes.push(...checkForm("metadata.name", name, nameForm));
  }
  causes.push(...labelCauses("metadata.labels", metadata.labels));
  for (const key of Object.keys(metadata.annotations ?? {})) {
    causes.push(...checkQualifiedName("metadata.annotations", key.toLowerCase()));
  }
  for (const [index, finalizer] of (metadata.finalizers ?? []).entries()) {
    causes.push(...checkQualifiedName("metadata.finalizers", finalizer));
    if (!finalizer.includes("/") && !standardFinalizers.has(finalizer)) {
      const why = "name is neither a standard finalizer name nor is it fully qualified";
      causes.push(invalidValue(`metadata.finalizers[${index}]`, finalizer, why));
    }
  }
  causes.push(...newFinalizerCauses(metadata, live));
  return [...causes, ...ownerCauses(metadata as unknown as JsonMap)];
}

const standardFinalizers = new Set([
  "kubernetes",
  "orphan",
  "foregroundDeletion",
  "customresourcecleanup.apiextensions.k8s.io",
]);

/** What is on its way out may be held by those who hold it already, and by nobody else. */
function newFinalizerCauses(metadata: StoredObject["metadata"], live: StoredObject | undefined): readonly Cause[] {
  if (live?.metadata.deletionTimestamp === undefined) return [];
  const found = (metadata.finalizers ?? []).filter((finalizer) => !live.metadata.finalizers?.includes(finalizer));
  if (found.length === 0) return [];
  const list = found.map((finalizer) => JSON.stringify(finalizer)).join(", ");
  const why = `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`;
  // Kubernetes says it twice.
  return Array.from({ length: 2 }, () => forbiddenField("metadata.finalizers", why));
}

const nameForms: Readonly<Record<string, (typeof forms)[keyof typeof forms]>> = {
  namespaces: forms.label,
  services: forms.serviceName,
};

function replaced(cause: Cause, whole: string): Cause {
  return {
    ...cause,
    message: cause.message.replace(/^Invalid value: "[^"]*"/, `Invalid value: ${JSON.stringify(whole)}`),
  };
}

/** What is wrong with a set of labels. */
export function labelCauses(field: string, labels: JsonMap | undefined): readonly Cause[] {
  return Object.entries(labels ?? {}).flatMap(([key, value]) => [
    ...checkQualifiedName(field, key),
    ...checkForm(field, value, forms.labelValue),
  ]);
}

function ownerCauses(metadata: JsonMap): readonly Cause[] {
  const owners = listAt(metadata, "ownerReferences");
  const causes = owners.flatMap((owner) =>
    ["apiVersion", "kind", "name", "uid"]
      .filter((key) => !owner[key])
      .map((key) => invalidValue(`metadata.ownerReferences.${key}`, owner[key] ?? "", "must not be empty")),
  );
  const controllers = owners.filter((owner) => owner["controller"] === true);
  if (controllers.length < 2) return causes;
  const [one, other] = controllers.map((owner) => `${String(owner["kind"])}/${String(owner["name"])}`);
  const why = `Only one reference can have Controller set to true. Found "true" in references for ${one ?? ""} and ${other ?? ""}`;
  return [...causes, invalidValue("metadata.ownerReferences", owners, why)];
}
