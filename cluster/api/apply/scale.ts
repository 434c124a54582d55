import type { KubeObject } from "../../client.ts";
import { difference, type FieldSet, fieldsAt, intersection, isEmptySet } from "./field-set.ts";
import { decodeManaged, type Managed, type Owner, withManaged } from "./managed-fields.ts";

/** Where the replicas of a Scale stand, and in which version its owners hold them. */
const [inScale, scaleVersion] = [fieldsAt("spec.replicas"), "autoscaling/v1"];

function holds({ fields }: Owner, path: FieldSet): boolean {
  return !isEmptySet(intersection(fields, path));
}

function ownersOf(object: KubeObject): readonly (readonly [string, Owner])[] {
  return [...(decodeManaged(object) ?? new Map<string, Owner>())];
}

/**
 * A Scale with the owners that it has from its object: who owns the replicas there owns them here.
 * @param replicasPath where the object has its replicas, as in `spec.replicas`
 */
export function withOwnersOfObject(scale: KubeObject, object: KubeObject, replicasPath: string): KubeObject {
  const owners = ownersOf(object).filter(([, owner]) => holds(owner, fieldsAt(replicasPath)));
  const managed: Managed = new Map(
    owners.map(([id, owner]) => [id, { ...owner, apiVersion: scaleVersion, fields: inScale }]),
  );
  return withManaged(scale, managed);
}

/**
 * An object with the owners that a write of its Scale left: who lost the replicas there loses them here, and who gained
 * them owns nothing else and keeps no time.
 */
export function withOwnersOfScale(object: KubeObject, scale: KubeObject, replicasPath: string): KubeObject {
  const path = fieldsAt(replicasPath);
  const gained = new Map(ownersOf(scale).filter(([, owner]) => holds(owner, inScale)));
  const managed = new Map<string, Owner>();
  for (const [id, owner] of ownersOf(object)) {
    const isKept = !holds(owner, path) || gained.delete(id);
    managed.set(id, isKept ? owner : { ...owner, fields: difference(owner.fields, path) });
  }
  for (const [id, { time: _, ...owner }] of gained) {
    managed.set(`scale ${id}`, { ...owner, apiVersion: object.apiVersion, fields: path });
  }
  return withManaged(object, managed);
}
