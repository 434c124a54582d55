import type { Json, JsonObject } from "./json.ts";
import { groupOf } from "./object-ref.ts";
import type { ObjectRef } from "./object-ref.ts";

/** One entry of metadata.managedFields (https://kubernetes.io/docs/reference/using-api/server-side-apply/). */
export interface ManagedFieldsEntry {
  readonly manager?: string;
  readonly operation?: string;
  readonly apiVersion?: string;
  readonly time?: string;
  readonly fieldsType?: string;
  readonly fieldsV1?: JsonObject;
  readonly subresource?: string;
}

/** The parts of ObjectMeta that delivery reads. */
export interface ObjectMeta extends JsonObject {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: { readonly [key: string]: string };
  readonly annotations?: { readonly [key: string]: string };
}

/** Any Kubernetes object as the API server answers it: identity and metadata typed, the rest plain JSON. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly [field: string]: Json | undefined;
}

/** The reference of an object. */
export function refOf(object: KubeObject): ObjectRef {
  return {
    group: groupOf(object.apiVersion),
    kind: object.kind,
    namespace: object.metadata.namespace ?? "",
    name: object.metadata.name,
  };
}

/** metadata.managedFields, empty where the server left it out. */
export function managedFieldsOf(object: KubeObject): readonly ManagedFieldsEntry[] {
  const entries = (object.metadata as { managedFields?: unknown }).managedFields;
  return Array.isArray(entries) ? (entries as readonly ManagedFieldsEntry[]) : [];
}
