import { isJsonObject } from "../model/json.ts";
import type { Json } from "../model/json.ts";

/** A ConfigMap or Secret as one string. */
export function configurationKey(kind: string, name: string): string {
  return `${kind}/${name}`;
}

/**
 * Members of a pod's specification that name a ConfigMap or Secret
 * (https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/).
 */
const kinds: { readonly [member: string]: string } = {
  configMap: "ConfigMap",
  configMapKeyRef: "ConfigMap",
  configMapRef: "ConfigMap",
  secret: "Secret",
  secretKeyRef: "Secret",
  secretRef: "Secret",
};

/** Every ConfigMap and Secret that objects read, by `configurationKey`. */
export function referencesIn(objects: readonly Json[]): ReadonlySet<string> {
  const found = new Set<string>();
  for (const object of objects) {
    renameReferences(object, (kind, name) => {
      found.add(configurationKey(kind, name));
      return name;
    });
  }
  return found;
}

/** The same object with other names of the ConfigMaps and Secrets that it reads. */
export function renameReferences(object: Json, rename: (kind: string, name: string) => string): Json {
  const renamed = (value: Json, kind?: string): Json => {
    if (Array.isArray(value)) return (value as readonly Json[]).map((item) => renamed(item, kind));
    if (!isJsonObject(value)) return value;
    const members = Object.entries(value).map(([key, member]): [string, Json | undefined] => {
      const isName = kind !== undefined && (key === "name" || key === "secretName") && typeof member === "string";
      if (isName) return [key, rename(kind, member)];
      return [
        key,
        member === undefined ? undefined : renamed(member, key === "imagePullSecrets" ? "Secret" : kinds[key]),
      ];
    });
    return Object.fromEntries(members);
  };
  return renamed(object);
}
