import type { HttpAnswer, HttpRequest } from "../../io/http/http.ts";
import type { Notice } from "../../model/notice.ts";

/** The forges whose commit statuses are known. Forgejo speaks Gitea's API. */
export const forgeKinds = ["github", "gitlab", "gitea"] as const;
export type ForgeKind = (typeof forgeKinds)[number];

/** A repository as a forge's API names it. */
export interface ForgeRepository {
  /** Where the API is, without a slash at its end: `https://api.github.com`, `https://gitlab.com/api/v4`. */
  readonly api: string;
  /** `owner/name`, with groups before it on GitLab. */
  readonly path: string;
  readonly token: string;
}

/** How one forge takes commit statuses: requests and their answers, as its API is documented. */
export interface Forge {
  /** Sets the status of the notice's commit. */
  readonly set: (repository: ForgeRepository, notice: Notice) => HttpRequest;
  /** Asks for the statuses that the commit has. */
  readonly list: (repository: ForgeRepository, notice: Notice) => HttpRequest;
  /** Whether a list says what the notice says. */
  readonly says: (list: unknown, notice: Notice) => boolean;
  /** A refusal that means that it is so already. */
  readonly isSo?: (answer: HttpAnswer) => boolean;
}
