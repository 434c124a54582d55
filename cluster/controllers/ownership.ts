import type { LabelSelector, OwnerReference } from "kubernetes-types/meta/v1.js";
import { ApiError, type Client, type KubeObject, type ResourceName } from "../client.ts";
import { isTerminating } from "./objects.ts";
import { matches } from "./selector.ts";

/** The reference of the one owner that manages the object, if it has one. */
export function controllerOf(object: KubeObject | undefined): OwnerReference | undefined {
  return object?.metadata.ownerReferences?.find((reference) => reference.controller === true);
}

/** The reference that a controller's child carries. */
export function controllerReference(owner: KubeObject): OwnerReference {
  return {
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name: owner.metadata.name ?? "",
    uid: owner.metadata.uid ?? "",
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** What an owner has to do about objects that its selector may mean. */
export interface Claims<T> {
  readonly owned: readonly T[];
  readonly adopt: readonly T[];
  readonly release: readonly T[];
}

/** Sorts objects of the owner's namespace into its own, orphans to adopt, and those to release; others are left alone. */
export function claimsOf<T extends KubeObject>(
  owner: KubeObject,
  selector: LabelSelector | undefined,
  objects: readonly T[],
): Claims<T> {
  const claims = { owned: [] as T[], adopt: [] as T[], release: [] as T[] };
  for (const object of objects) {
    const controller = controllerOf(object);
    const fits = matches(selector, object.metadata.labels);
    if (controller && controller.uid !== owner.metadata.uid) continue;
    if (controller && fits) claims.owned.push(object);
    else if (isTerminating(owner)) continue;
    else if (controller) claims.release.push(object);
    else if (fits && !isTerminating(object)) claims.adopt.push(object);
  }
  return claims;
}

/** Adopts and releases as `claimsOf` says, and gives all that are the owner's now. */
export async function claim<T extends KubeObject>(
  client: Client,
  resource: ResourceName,
  owner: KubeObject,
  selector: LabelSelector | undefined,
  objects: readonly T[],
): Promise<readonly T[]> {
  const claims = claimsOf(owner, selector, objects);
  const owned = [...claims.owned];
  for (const object of claims.adopt) {
    const references = [...(object.metadata.ownerReferences ?? []), controllerReference(owner)];
    const adopted = await patchOwners(client, resource, object, references);
    if (adopted) owned.push(adopted);
  }
  for (const object of claims.release) {
    const others = (object.metadata.ownerReferences ?? []).filter(({ uid }) => uid !== owner.metadata.uid);
    await patchOwners(client, resource, object, others);
  }
  return owned;
}

/** Sets an object's owners; undefined if it has gone meanwhile. */
export async function patchOwners<T extends KubeObject>(
  client: Client,
  resource: ResourceName,
  object: T,
  references: readonly OwnerReference[],
): Promise<T | undefined> {
  const { namespace = "", name = "", uid } = object.metadata;
  const ownerReferences = references.length > 0 ? references : null;
  try {
    return await client.mergePatch<T>(resource, namespace, name, { metadata: { uid, ownerReferences } });
  } catch (error) {
    if (error instanceof ApiError && error.code === 404) return undefined;
    throw error;
  }
}
