import { groupOf } from "../model/object-ref.ts";
import type { Manifest } from "../model/manifest.ts";
import { valueAt } from "../model/json.ts";
import { hookAnnotation, hookOf } from "../model/plan.ts";
import type { Problem, Result } from "../model/problem.ts";

/** A Job's name is a label of its pods, so it may be no longer. */
const longestName = 63;

/**
 * Gives each hook (behaviour D4) a name of its own in every revision, by the tree of the application's directory: a Job cannot
 * be changed, and runs once. The Job of the revision before is pruned like anything else that Git no longer has.
 */
export function nameHooks(manifests: readonly Manifest[], tree: string): Result<readonly Manifest[]> {
  const problems = manifests.flatMap(problemsOf);
  if (problems.length > 0) return { ok: false, problems };
  return { ok: true, value: manifests.map((manifest) => (hookOf(manifest.object) ? named(manifest, tree) : manifest)) };
}

function named(manifest: Manifest, tree: string): Manifest {
  const { ref, object } = manifest;
  const name = `${ref.name}-${tree.slice(0, 8)}`;
  return { ...manifest, ref: { ...ref, name }, object: { ...object, metadata: { ...object.metadata, name } } };
}

function problemsOf({ ref, object, where }: Manifest): readonly Problem[] {
  const said = object.metadata.annotations?.[hookAnnotation];
  if (said === undefined) return [];
  const problem = (message: string, remedy: string): readonly Problem[] => [
    { code: "hook-invalid", message, where, remedy },
  ];
  const isJob = groupOf(object.apiVersion) === "batch" && object.kind === "Job";
  if (!isJob) return problem(`${object.kind} ${ref.name} cannot be a hook.`, "Make it a Job.");
  if (!hookOf(object)) {
    return problem(`Job ${ref.name} has ${hookAnnotation}: ${JSON.stringify(said)}.`, "Write before or after.");
  }
  if (ref.name.length + 9 > longestName) {
    return problem(`Job ${ref.name} is a hook, whose name may have 54 characters.`, "Shorten its name.");
  }
  if (valueAt(object, "spec", "ttlSecondsAfterFinished") !== undefined) {
    const message = `Job ${ref.name} is a hook, which would run again whenever ttlSecondsAfterFinished removes it.`;
    return problem(message, "Leave ttlSecondsAfterFinished out; the next revision removes it.");
  }
  return [];
}
