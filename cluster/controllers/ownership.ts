import type { LabelSelector, OwnerReference } from "kubernetes-types/meta/v1.js";
import type { Client, KubeObject, ResourceName } from "../client.ts";
import { ignoreGone } from "./controller.ts";
import { isTerminating, matches } from "./objects.ts";

/** The reference of the one owner that manages the object, if it has one. */
export function controllerOf(object: KubeObject | undefined): OwnerReference | undefined {
  return object?.metadata.ownerReferences?.find((reference) => reference.controller === true);
}

/** The keys of the owners of a kind that manage an object now or did before. */
export function ownerKeys(kind: string, ...states: readonly (KubeObject | undefined)[]): readonly string[] {
  return states.flatMap((state) => {
    const owner = controllerOf(state);
    return owner?.kind === kind ? [`${state?.metadata.namespace ?? ""}/${owner.name}`] : [];
  });
}

/** The reference that a controller's child carries. */
export function controllerReference(owner: KubeObject): OwnerReference {
  const { name = "", uid = "" } = owner.metadata;
  return { apiVersion: owner.apiVersion, kind: owner.kind, name, uid, controller: true, blockOwnerDeletion: true };
}

/**
 * Gives the objects of the owner's namespace that are its own, having adopted orphans that its selector means and
 * released what it means no longer; an owner that is being deleted does neither.
 */
export async function claim<T extends KubeObject>(
  client: Client,
  resource: ResourceName,
  owner: KubeObject,
  selector: LabelSelector | undefined,
  objects: readonly T[],
): Promise<readonly T[]> {
  const claimed: T[] = [];
  for (const object of objects) {
    const controller = controllerOf(object);
    const fits = matches(selector, object.metadata.labels);
    const references = object.metadata.ownerReferences ?? [];
    if (controller && controller.uid !== owner.metadata.uid) continue;
    if (controller && fits) claimed.push(object);
    else if (isTerminating(owner)) continue;
    else if (controller) {
      const others = references.filter(({ uid }) => uid !== owner.metadata.uid);
      await patchOwners(client, resource, object, others);
    } else if (fits && !isTerminating(object)) {
      const adopted = await patchOwners(client, resource, object, [...references, controllerReference(owner)]);
      if (adopted) claimed.push(adopted);
    }
  }
  return claimed;
}

/** Sets an object's owners; undefined if it has gone meanwhile. */
export async function patchOwners<T extends KubeObject>(
  client: Client,
  resource: ResourceName,
  { metadata: { namespace = "", name = "", uid } }: T,
  references: readonly OwnerReference[],
): Promise<T | undefined> {
  const ownerReferences = references.length > 0 ? references : null;
  return client.mergePatch<T>(resource, namespace, name, { metadata: { uid, ownerReferences } }).catch(ignoreGone);
}
