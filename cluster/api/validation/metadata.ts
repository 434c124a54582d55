import type { Cause } from "../refusal.ts";
import type { Resource } from "../resource-table.ts";
import type { JsonMap, StoredObject } from "../stored-object.ts";
import { invalidValue, listAt } from "./causes.ts";
import { checkForm, checkQualifiedName, forms } from "./names.ts";

/** What is wrong with an object's metadata. */
export function metadataCauses(resource: Resource, { metadata }: StoredObject): readonly Cause[] {
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
  for (const finalizer of metadata.finalizers ?? []) {
    causes.push(...checkQualifiedName("metadata.finalizers", finalizer));
  }
  return [...causes, ...ownerCauses(metadata as unknown as JsonMap)];
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
