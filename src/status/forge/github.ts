import type { Outcome } from "../../model/record.ts";
import type { HttpRequest } from "../../io/http/http.ts";
import { contextOf, descriptionOf } from "./forge.ts";
import type { Forge, ForgeRepository } from "./forge.ts";

const states: { readonly [outcome in Outcome]: "pending" | "success" | "failure" | "error" } = {
  progressing: "pending",
  healthy: "success",
  failed: "failure",
  "rolled-back": "failure",
  held: "failure",
  refused: "error",
  superseded: "error",
};
const mostDescription = 140;

/** Commit statuses of GitHub (https://docs.github.com/en/rest/commits/statuses). */
export const github: Forge = {
  set: (repository, notice) => ({
    ...request(repository, "POST", `statuses/${notice.commit}`),
    body: JSON.stringify({
      state: states[notice.outcome],
      context: contextOf(notice),
      description: descriptionOf(notice, mostDescription),
      ...(notice.page === undefined ? {} : { target_url: notice.page }),
    }),
  }),
  list: (repository, { commit }) => request(repository, "GET", `commits/${commit}/statuses?per_page=100`),
  // Newest first.
  says(list, notice) {
    const all = list as readonly { context?: string; state?: string; description?: string }[];
    const ours = all.find(({ context }) => context?.toLowerCase() === contextOf(notice).toLowerCase());
    return ours?.state === states[notice.outcome] && ours.description === descriptionOf(notice, mostDescription);
  },
};

function request({ api, path, token }: ForgeRepository, method: "GET" | "POST", below: string): HttpRequest {
  const repository = path.split("/").map(encodeURIComponent).join("/");
  return {
    method,
    url: new URL(`${api}/repos/${repository}/${below}`),
    headers: {
      accept: "application/vnd.github+json",
      "x-github-api-version": "2022-11-28",
      authorization: `Bearer ${token}`,
      ...(method === "POST" ? { "content-type": "application/json" } : {}),
    },
  };
}
