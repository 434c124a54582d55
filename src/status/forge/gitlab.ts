import type { Outcome } from "../../model/record.ts";
import type { HttpRequest } from "../../io/http/http.ts";
import { contextOf, descriptionOf } from "./forge.ts";
import type { Forge, ForgeRepository } from "./forge.ts";

const states: { readonly [outcome in Outcome]: "pending" | "success" | "failed" | "canceled" } = {
  progressing: "pending",
  healthy: "success",
  failed: "failed",
  "rolled-back": "failed",
  held: "failed",
  refused: "failed",
  superseded: "canceled",
};
const mostDescription = 255;

/** Commit statuses of GitLab (https://docs.gitlab.com/api/commits/#set-commit-pipeline-status). */
export const gitlab: Forge = {
  set: (repository, notice) => ({
    ...request(repository, "POST", `statuses/${notice.commit}`),
    body: JSON.stringify({
      state: states[notice.outcome],
      name: contextOf(notice),
      description: descriptionOf(notice, mostDescription),
      ...(notice.page === undefined ? {} : { target_url: notice.page }),
    }),
  }),
  list: (repository, notice) => {
    const name = encodeURIComponent(contextOf(notice));
    return request(repository, "GET", `repository/commits/${notice.commit}/statuses?name=${name}&per_page=100`);
  },
  // The newest of each name.
  says(list, notice) {
    const all = list as readonly { name?: string; status?: string; description?: string }[];
    const ours = all.find(({ name }) => name === contextOf(notice));
    return ours?.status === states[notice.outcome] && ours.description === descriptionOf(notice, mostDescription);
  },
  // A status that is pending cannot become pending, with whatever description.
  isSo: ({ status, body }) => status === 400 && /cannot transition status via :?enqueue/i.test(body),
};

function request({ api, path, token }: ForgeRepository, method: "GET" | "POST", below: string): HttpRequest {
  return {
    method,
    url: new URL(`${api}/projects/${encodeURIComponent(path)}/${below}`),
    headers: {
      accept: "application/json",
      "private-token": token,
      ...(method === "POST" ? { "content-type": "application/json" } : {}),
    },
  };
}
