import { imagesOf } from "../../engine/images.ts";
import { goneProblem } from "../../engine/gone.ts";
import { onlyRemoves } from "../../engine/records.ts";
import type { Git } from "../../io/git/git.ts";
import type { Application } from "../../model/application.ts";
import { entryOf } from "../../model/inventory.ts";
import type { Manifest } from "../../model/manifest.ts";
import type { KubeObject } from "../../model/kube-object.ts";
import { refKey } from "../../model/object-ref.ts";
import type { ObjectRef } from "../../model/object-ref.ts";
import type { PlannedApplication, PlannedObject } from "../../model/plan-document.ts";
import type { Problem, Result } from "../../model/problem.ts";
import { shortId } from "../../model/revision.ts";
import { rejectedImages } from "../../pins/rejected.ts";
import { digestOf } from "../../pins/reference.ts";
import { asApplied } from "../../plan/as-applied.ts";
import { planChanges } from "../../plan/plan-changes.ts";
import { render } from "../../render/render.ts";
import type { FoundApplication } from "../../source/deployment.ts";
import { readRevision } from "../../source/revision.ts";
import { plannedObjects } from "./planned-objects.ts";
import { settingsChanges } from "./settings-changes.ts";

/** One application as two commits have it; undefined where one does not. */
export interface Both {
  readonly before: FoundApplication | undefined;
  readonly after: FoundApplication | undefined;
  readonly from: string;
  readonly to: string;
}

/** What an application asks for at a commit, or why it is not delivered. */
export async function desiredAt(
  git: Git,
  commit: string,
  { application, problems }: FoundApplication,
): Promise<Result<readonly Manifest[]>> {
  if (problems.length > 0) return { ok: false, problems };
  const revision = await readRevision(git, commit, application);
  return revision ? render(git, revision, application) : { ok: true, value: [] };
}

/** How the objects of a revision are compared: with what Git had before, or with what a cluster has. */
export type Compare = (
  application: Application,
  desired: readonly Manifest[],
  before: readonly Manifest[],
) => Promise<Pick<PlannedApplication, "objects" | "unchanged" | "problems" | "notes">>;

/** What a change does to one application, from what both commits say of it. */
export async function planApplication(git: Git, both: Both, compare: Compare): Promise<PlannedApplication> {
  const { before, after, from, to } = both;
  const rendered: Result<readonly Manifest[]> = before ? await desiredAt(git, from, before) : { ok: true, value: [] };
  const known = rendered.ok ? rendered.value : [];
  if (!after) return removed(before, known);
  const { application } = after;
  const about = {
    id: application.id,
    change: before ? "changed" : "added",
    settings: before ? settingsChanges(before.application, application) : [],
  } as const;
  const desired = await desiredAt(git, to, after);
  if (!desired.ok) {
    const verdict = onlyRemoves(desired.problems) ? "held" : "refused";
    return { ...about, verdict, problems: desired.problems, notes: [], objects: [], unchanged: known.length };
  }
  const compared = await compare(application, desired.value, known);
  const notes = [
    ...(rendered.ok ? [] : ["what was there before could not be delivered, so there is nothing to compare with"]),
    ...(await rejectedNotes(git, from, application, desired.value)),
    ...conditions(application),
    ...compared.notes,
  ];
  return { ...about, ...compared, verdict: compared.problems.length > 0 ? "refused" : "delivered", notes };
}

/** Offline: the revision before stands for the cluster that took it. */
export const compareOffline: Compare = async (application, desired, before) => {
  const live = new Map(before.map(({ ref, object }) => [refKey(ref), asApplied(object)]));
  const inventory = { application: application.id, entries: before.map((manifest) => entryOf(manifest)) };
  const lookup = (ref: ObjectRef): KubeObject | undefined => live.get(refKey(ref));
  const plan = planChanges(desired, lookup, inventory);
  const caution = (ref: ObjectRef): string | undefined => takesAlong(ref, application.allowPrune ?? []);
  const objects = plannedObjects(plan, { before, live: lookup, caution });
  return { objects, unchanged: plan.unchanged.length, problems: [], notes: [] };
};

/** With a namespace or a definition everything in it would go, which only a cluster can tell (behaviour D8). */
function takesAlong({ group, kind, name }: ObjectRef, allowPrune: readonly string[]): string | undefined {
  const isContainer = (group === "" && kind === "Namespace") || kind === "CustomResourceDefinition";
  if (!isContainer || allowPrune.includes(`${kind}/${name}`)) return undefined;
  return "it is kept while something of others is in it, unless allowPrune in delivery.yaml names it";
}

function removed(before: FoundApplication | undefined, known: readonly Manifest[]): PlannedApplication {
  const objects = known.map(({ ref, where }): PlannedObject => ({
    ref,
    action: "keep",
    where,
    fields: [],
    why: "its application is gone from Git",
  }));
  const problems: readonly Problem[] = before ? [goneProblem(before.application, known.length)] : [];
  const id = before?.application.id ?? "";
  return { id, change: "removed", verdict: "held", problems, notes: [], settings: [], objects, unchanged: 0 };
}

/** A digest that was rolled back here is nothing that people may not pin again, and they should know. */
async function rejectedNotes(
  git: Git,
  from: string,
  { path }: Application,
  desired: readonly Manifest[],
): Promise<readonly string[]> {
  const rejected = await rejectedImages(git, from, path);
  return imagesOf(desired).flatMap((image) => {
    const by = rejected.get(digestOf(image) ?? "");
    return by === undefined ? [] : [`${image} failed here before: commit ${shortId(by)} took it back`];
  });
}

function conditions({ after, requires = [], rollout }: Application): readonly string[] {
  return [
    ...(after.length > 0 ? [`it begins when ${after.join(", ")} ${after.length > 1 ? "are" : "is"} healthy`] : []),
    ...(requires.includes("signed") ? ["it is delivered only when an allowed signer signed the commit"] : []),
    ...(requires.includes("signed-images")
      ? ["it is delivered only when its images are signed by an allowed key"]
      : []),
    ...(rollout.onFailure === "hold"
      ? ["if its gate fails, it stays as it is until a person acts (onFailure: hold)"]
      : []),
  ];
}
