import type { Forge } from "./forge.ts";
import { reposPath, statuses } from "./statuses.ts";

/** Commit statuses of Gitea and Forgejo (POST /repos/{owner}/{repo}/statuses/{sha} of their API, version 1). */
export const gitea: Forge = statuses({
  states: {
    progressing: "pending",
    healthy: "success",
    failed: "failure",
    "rolled-back": "failure",
    held: "failure",
    refused: "error",
    superseded: "warning",
  },
  mostDescription: 255,
  name: "context",
  // They answer `status` where they are given `state`.
  listed: "status",
  repository: reposPath,
  headers: (token) => ({ authorization: `token ${token}` }),
  list: ({ commit }) => `commits/${commit}/statuses?sort=recentupdate&limit=50`,
});
