import type { Forge } from "./forge.ts";
import { contextOf, statuses } from "./statuses.ts";

/** Commit statuses of GitLab (https://docs.gitlab.com/api/commits/#set-commit-pipeline-status). */
export const gitlab: Forge = statuses({
  states: {
    progressing: "pending",
    healthy: "success",
    failed: "failed",
    "rolled-back": "failed",
    held: "failed",
    refused: "failed",
    superseded: "canceled",
  },
  mostDescription: 255,
  name: "name",
  listed: "status",
  repository: (path) => `/projects/${encodeURIComponent(path)}`,
  headers: (token) => ({ "private-token": token }),
  // The newest of each name.
  list: (notice) =>
    `repository/commits/${notice.commit}/statuses?name=${encodeURIComponent(contextOf(notice))}&per_page=100`,
  // A status that is pending cannot become pending, with whatever description.
  isSo: ({ status, body }) => status === 400 && /cannot transition status via :?enqueue/i.test(body),
});
