import type { Forge } from "./forge.ts";
import { reposPath, statuses } from "./statuses.ts";

/** Commit statuses of GitHub (https://docs.github.com/en/rest/commits/statuses). */
export const github: Forge = statuses({
  states: {
    progressing: "pending",
    healthy: "success",
    failed: "failure",
    "rolled-back": "failure",
    held: "failure",
    refused: "error",
    superseded: "error",
  },
  mostDescription: 140,
  name: "context",
  listed: "state",
  repository: reposPath,
  headers: (token) => ({
    accept: "application/vnd.github+json",
    "x-github-api-version": "2022-11-28",
    authorization: `Bearer ${token}`,
  }),
  list: ({ commit }) => `commits/${commit}/statuses?per_page=100`,
});
