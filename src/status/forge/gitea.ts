import type { Outcome } from "../../model/record.ts";
import type { HttpRequest } from "../../io/http/http.ts";
import { contextOf, descriptionOf } from "./forge.ts";
import type { Forge, ForgeRepository } from "./forge.ts";

const states: { readonly [outcome in Outcome]: "pending" | "success" | "error" | "failure" | "warning" } = {
  progressing: "pending",
  healthy: "success",
  failed: "failure",
  "rolled-back": "failure",
  held: "failure",
  refused: "error",
  superseded: "warning",
};
const mostDescription = 255;

/** Commit statuses of Gitea and Forgejo (POST /repos/{owner}/{repo}/statuses/{sha} of their API, version 1). */
export const gitea: Forge = {
  set: (repository, notice) => ({
    ...request(repository, "POST", `statuses/${notice.commit}`),
    body: JSON.stringify({
      state: states[notice.outcome],
      context: contextOf(notice),
      description: descriptionOf(notice, mostDescription),
      ...(notice.page === undefined ? {} : { target_url: notice.page }),
    }),
  }),
  list: (repository, { commit }) => request(repository, "GET", `commits/${commit}/statuses?sort=recentupdate&limit=50`),
  // They answer `status` where they are given `state`.
  says(list, notice) {
    const all = list as readonly { context?: string; status?: string; description?: string }[];
    const ours = all.find(({ context }) => context === contextOf(notice));
    return ours?.status === states[notice.outcome] && ours.description === descriptionOf(notice, mostDescription);
  },
};

function request({ api, path, token }: ForgeRepository, method: "GET" | "POST", below: string): HttpRequest {
  const repository = path.split("/").map(encodeURIComponent).join("/");
  return {
    method,
    url: new URL(`${api}/repos/${repository}/${below}`),
    headers: {
      accept: "application/json",
      authorization: `token ${token}`,
      ...(method === "POST" ? { "content-type": "application/json" } : {}),
    },
  };
}
