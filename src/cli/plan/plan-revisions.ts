import type { PlanDocument, PlannedApplication } from "../../model/plan-document.ts";
import { readDeployment } from "../../source/deployment.ts";
import type { FoundApplication } from "../../source/deployment.ts";
import type { Compared } from "./compared.ts";
import { planApplication } from "./plan-application.ts";
import type { Both, Compare } from "./plan-application.ts";

/**
 * What a change of the deployment repository would do (behaviour V5): of every application that it touches, object by object. Reads the
 * two commits, and compares as `compare` does; nothing is written anywhere.
 */
export async function planRevisions(
  { git, repository, from, to, notes }: Compared,
  against: PlanDocument["against"],
  compare: Compare,
): Promise<PlanDocument> {
  const about = { schema: 1, repository, from, to, against } as const;
  const [before, after] = [await readDeployment(git, from.commit), await readDeployment(git, to.commit)];
  if (!after.ok) return { ...about, problems: after.problems, notes, applications: [] };
  const known = before.ok ? before.value.applications : [];
  const applications: PlannedApplication[] = [];
  for (const both of touched(known, after.value.applications, { from: from.commit, to: to.commit })) {
    applications.push(await planApplication(git, both, compare));
  }
  const beforeNote = before.ok ? [] : [`at ${from.name} nothing could be delivered, so everything counts as new`];
  return { ...about, problems: [], notes: [...notes, ...beforeNote], applications };
}

/** Those of which the two commits say different things, in the order of their ids. */
function touched(
  before: readonly FoundApplication[],
  after: readonly FoundApplication[],
  commits: Pick<Both, "from" | "to">,
): readonly Both[] {
  const byId = (list: readonly FoundApplication[]): ReadonlyMap<string, FoundApplication> =>
    new Map(list.map((found) => [found.application.id, found]));
  const [old, now] = [byId(before), byId(after)];
  const ids = [...new Set([...old.keys(), ...now.keys()])].toSorted();
  return ids
    .map((id) => ({ before: old.get(id), after: now.get(id), ...commits }))
    .filter((both) => JSON.stringify(both.before) !== JSON.stringify(both.after));
}
