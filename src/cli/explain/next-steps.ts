import { howToAccept } from "../../pins/rejected.ts";
import { digestOf } from "../../pins/reference.ts";
import { formatProblem } from "../../model/problem.ts";
import { shortId } from "../../model/revision.ts";
import type { Explanation } from "./explanation.ts";

/** What a person can do about a delivery, the first thing first, in words and commands that can be copied. */
export function nextSteps(
  { outcome, revision, rollback, rejected, branch, problems, now }: Omit<Explanation, "next">,
  path: string,
  remedy: string | undefined,
): readonly string[] {
  const look = `see what it changed: git show ${revision.commit} -- ${path}`;
  const fix = `fix it by a new commit below ${path} on ${branch}; it goes through the same gate`;
  const digests = rejected.flatMap(({ image }) => digestOf(image) ?? []);
  const again = digests.length > 0 ? [howToAccept(path, digests)] : [];
  if (outcome === "healthy") return ["nothing: it is healthy"];
  if (outcome === "superseded") return ["nothing: a newer commit took its place"];
  if (outcome === "progressing") return ["wait: it is being delivered; plumb status --watch shows how far it is"];
  const since =
    now === undefined ? [] : [`the application went on since: it is at ${shortId(now.commit)}, ${now.outcome}`];
  if (rollback) {
    const undo = `see what was put back: git show ${rollback.commit}`;
    return [...since, look, undo, fix, ...again];
  }
  if (now !== undefined) return [...since, look, ...again];
  const places = outcome === "refused" ? problems.map((problem) => `mend ${formatProblem(problem)}`) : [];
  const said = remedy === undefined || places.length > 0 ? [] : [remedy];
  const revert = `or take it back by hand: git revert --no-edit ${revision.commit} && git push origin HEAD:${branch}`;
  if (outcome === "failed") return ["wait: its rollback is due; plumb status --watch shows it", look];
  return [...places, ...said, look, fix, revert, ...again];
}
