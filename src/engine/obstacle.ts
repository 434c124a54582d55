import type { Applied } from "../apply/apply.ts";
import { formatProblem } from "../model/problem.ts";
import type { Problem } from "../model/problem.ts";
import type { Obstacle } from "../rollout/decide.ts";
import type { Live } from "./live.ts";

/** Answers that tell of the way to the API server, or of its load, and nothing of the revision. */
const aboutTheServer: ReadonlySet<string> = new Set([
  "kube-unreachable",
  "kube-unauthorized",
  "kube-too-many-requests",
]);

/** What kept this pass from its work, as the gate takes it; undefined when all is applied and the watches can be trusted. */
export function obstacleOf(applied: Applied, live: Live): Obstacle | undefined {
  if (!applied.ok) {
    const telling = applied.problems.find(({ code }) => !aboutTheServer.has(code));
    if (telling) return { kind: applied.transient ? "delayed" : "refused", message: plain(telling) };
    return { kind: "unseen", message: plain(applied.problems[0]) };
  }
  if (live.seeingSince() !== undefined) return undefined;
  return { kind: "unseen", message: "the API server cannot be reached, so nobody can say whether it is healthy" };
}

/** The sentence without its remedy, which is kept beside it. */
function plain(problem: Problem | undefined): string {
  return problem ? formatProblem({ ...problem, remedy: "" }) : "the apply failed without a reason";
}
