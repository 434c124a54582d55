import type { Declared } from "../model/manifest.ts";
import type { KubeObject } from "../model/kube-object.ts";
import { differences } from "./differences.ts";
import { printPath } from "./field-path.ts";
import { otherManagersOf } from "./field-set.ts";

/** What one field manager changed of an object. Fields are written for people, as `spec.replicas`. */
export interface DriftCause {
  readonly manager: string;
  readonly fields: readonly string[];
}

/**
 * For an object whose declaration in Git has not changed: who changed which declared fields of the live one. Ordered by
 * manager; "unknown" where the server does not tell, as for a field that was removed. No fields at all stand for the whole
 * object, which was deleted. Empty when all is as declared.
 */
export function driftOf(desired: Declared, live: KubeObject | undefined): readonly DriftCause[] {
  if (live === undefined) return [{ manager: "unknown", fields: [] }];
  const found = differences(desired, live);
  if (found === undefined)
    return [{ manager: otherManagersOf(live, [])[0] ?? "unknown", fields: ["metadata.managedFields"] }];
  const causes = new Map<string, string[]>();
  for (const { path } of found) {
    const manager = otherManagersOf(live, path)[0] ?? "unknown";
    causes.set(manager, [...(causes.get(manager) ?? []), printPath(path)]);
  }
  const managers = [...causes.keys()].toSorted();
  return managers.map((manager) => ({ manager, fields: causes.get(manager) ?? [] }));
}
