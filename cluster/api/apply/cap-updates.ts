import { union } from "./field-set.ts";
import { type Managed, type Owner, ownerId, secondsOf } from "./managed-fields.ts";

/** So many Update entries an object keeps; older ones are merged, or every client ever would stay in it. */
const maxUpdates = 10;

/** The owners with the oldest updates of each version merged into one called ancient-changes, until few enough are left. */
export function capUpdates(managed: Managed): Managed {
  const updates = [...managed].filter(([, owner]) => owner.operation === "Update");
  if (updates.length <= maxUpdates) return managed;
  const result = new Map(managed);
  const firstOfVersion = new Map<string, string>();
  let count = updates.length;
  for (const [id, owner] of updates.toSorted(byAge)) {
    if (count <= maxUpdates) break;
    const first = firstOfVersion.get(owner.apiVersion);
    if (first === undefined) {
      firstOfVersion.set(owner.apiVersion, id);
      continue;
    }
    const identity = {
      manager: "ancient-changes",
      operation: "Update" as const,
      apiVersion: owner.apiVersion,
      subresource: "",
    };
    const bucket = ownerId(identity);
    const earlier = result.get(bucket) ?? result.get(first);
    if (!result.has(bucket)) result.delete(first);
    result.delete(id);
    const fields = earlier === undefined ? owner.fields : union(owner.fields, earlier.fields);
    result.set(bucket, { ...identity, time: owner.time, fields });
    count -= 1;
  }
  return result;
}

function byAge([idA, a]: readonly [string, Owner], [idB, b]: readonly [string, Owner]): number {
  return secondsOf(a) - secondsOf(b) || (idA < idB ? -1 : 1);
}
