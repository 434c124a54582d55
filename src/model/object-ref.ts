/**
 * Names one object of a cluster. `group` is "" for the core group, `namespace` is "" for cluster-scoped objects.
 * The version is not part of an object's identity: the API server serves the same object in each.
 */
export interface ObjectRef {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** The identity as one string, `apps/Deployment/shop/backend`; the total order of references is the order of these. */
export function refKey(ref: ObjectRef): string {
  return `${ref.group}/${ref.kind}/${ref.namespace}/${ref.name}`;
}

/** How people write it: `Deployment shop/backend`, or `Namespace shop` for what has no namespace. */
export function refLabel(ref: ObjectRef): string {
  return `${ref.kind} ${ref.namespace === "" ? "" : `${ref.namespace}/`}${ref.name}`;
}

/** The API group of an apiVersion: "apps/v1" -> "apps", "v1" -> "". */
export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf("/");
  return slash < 0 ? "" : apiVersion.slice(0, slash);
}

/** Orders references by their key, bytewise, the same everywhere. */
export function compareRefs(left: ObjectRef, right: ObjectRef): number {
  const a = refKey(left);
  const b = refKey(right);
  return a < b ? -1 : a > b ? 1 : 0;
}
