import type { HttpAnswer, HttpRequest } from "../../io/http/http.ts";
import type { Notice } from "../../model/notice.ts";
import type { Outcome } from "../../model/record.ts";
import { shortened } from "../shortened.ts";
import type { Forge, ForgeRepository } from "./forge.ts";

/** What is each forge's own in what all of them do alike: a status has a state, a name, a description and a link. */
export interface Dialect {
  /** What each outcome is called. */
  readonly states: { readonly [outcome in Outcome]: string };
  /** The longest description, in UTF-16 units. */
  readonly mostDescription: number;
  /** The member that tells the status of one application apart from all others of a commit. */
  readonly name: "context" | "name";
  /** The member of a listed status that holds its state. */
  readonly listed: "state" | "status";
  /** The repository's path in the API: `/repos/owner/name`. */
  readonly repository: (path: string) => string;
  readonly headers: (token: string) => { readonly [name: string]: string };
  /** Where the statuses of the notice's commit are listed, newest first, below the repository. */
  readonly list: (notice: Notice) => string;
  /** A refusal that means that it is so already. */
  readonly isSo?: (answer: HttpAnswer) => boolean;
}

/** A forge by its dialect. */
export function statuses(dialect: Dialect): Forge {
  const { states, mostDescription, name, listed, isSo } = dialect;
  return {
    set: (repository, notice) => ({
      ...request(dialect, repository, "POST", `statuses/${notice.commit}`),
      body: JSON.stringify({
        state: states[notice.outcome],
        [name]: contextOf(notice),
        description: descriptionOf(notice, mostDescription),
        ...(notice.page === undefined ? {} : { target_url: notice.page }),
      }),
    }),
    list: (repository, notice) => request(dialect, repository, "GET", dialect.list(notice)),
    says(list, notice) {
      const all = list as readonly { readonly [member: string]: unknown }[];
      // GitHub takes names that differ in case alone for one.
      const ours = all.find((status) => String(status[name]).toLowerCase() === contextOf(notice).toLowerCase());
      return (
        ours?.[listed] === states[notice.outcome] && ours["description"] === descriptionOf(notice, mostDescription)
      );
    },
    ...(isSo ? { isSo } : {}),
  };
}

/** The path of a repository whose owner and name are parts of the API's path. */
export function reposPath(path: string): string {
  return `/repos/${path.split("/").map(encodeURIComponent).join("/")}`;
}

/** `plumbline/staging/shop`: what tells the status of one application apart from all others of a commit. */
export function contextOf({ application }: Notice): string {
  return `plumbline/${application}`;
}

/** What the status says: why, and what is to be done about it. */
function descriptionOf({ message, remedy }: Notice, most: number): string {
  return shortened(remedy === undefined ? message : `${message} (${remedy})`, most);
}

function request(
  { repository, headers }: Dialect,
  { api, path, token }: ForgeRepository,
  method: "GET" | "POST",
  below: string,
): HttpRequest {
  const typed = method === "POST" ? { "content-type": "application/json" } : {};
  return {
    method,
    url: new URL(`${api}${repository(path)}/${below}`),
    headers: { accept: "application/json", ...headers(token), ...typed },
  };
}
