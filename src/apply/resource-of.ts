import type { Kube, KubeResource } from "../io/kube/kube.ts";
import type { Manifest } from "../model/manifest.ts";
import type { ObjectRef } from "../model/object-ref.ts";
import { refusedManifest, unknownKind, wrongScope } from "./refused.ts";
import type { Refused } from "./refused.ts";

/** The kind behind a manifest, or why it cannot be delivered; `unknown` when the server does not serve the kind (yet). */
export type ResourceAnswer =
  | { readonly ok: true; readonly resource: KubeResource }
  | { readonly ok: false; readonly refused: Refused; readonly unknown: boolean };

/**
 * Looks a manifest's kind up. Rendering knows the scope of Kubernetes' own kinds and of those that the revision defines; of
 * the others only the server knows it, and without this look an object of the whole cluster could pass for one of the
 * application's namespace (behaviour G2). `defined` are the groups of which the revision has defined kinds already.
 */
export async function resourceOf(
  kube: Kube,
  manifest: Manifest,
  defined: ReadonlySet<string>,
): Promise<ResourceAnswer> {
  const found = await kube.resource(manifest.object.apiVersion, manifest.object.kind);
  if (!found.ok) return { ok: false, refused: refusedManifest(manifest, found.refusal), unknown: false };
  if (found.value === undefined) {
    // A server takes a moment before it serves what a definition brings: that says nothing about Git.
    const transient = defined.has(manifest.ref.group);
    return { ok: false, refused: { ...unknownKind(manifest), transient }, unknown: true };
  }
  const { namespaced } = found.value;
  if (namespaced === (manifest.ref.namespace !== "")) return { ok: true, resource: found.value };
  return { ok: false, refused: wrongScope(manifest, namespaced), unknown: false };
}

/** The groups of the definitions among these objects: a definition is named `<plural>.<group>`. */
export function definedGroups(refs: readonly ObjectRef[]): ReadonlySet<string> {
  const definitions = refs.filter(({ kind, group }) => `${group}/${kind}` === definitionKind);
  return new Set(definitions.map(({ name }) => name.slice(name.indexOf(".") + 1)));
}

const definitionKind = "apiextensions.k8s.io/CustomResourceDefinition";
