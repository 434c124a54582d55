import type { Http, HttpAnswer } from "../../io/http/http.ts";
import type { Notice, Receiver, Told } from "../../model/notice.ts";
import { refusedOf, troubleOf } from "../answers.ts";
import type { FoundForge } from "./find-forge.ts";
import type { Forge, ForgeKind } from "./forge.ts";
import { gitea } from "./gitea.ts";
import { github } from "./github.ts";
import { gitlab } from "./gitlab.ts";

const forges: { readonly [kind in ForgeKind]: Forge } = { github, gitlab, gitea };

/** What a forge is told with. */
export interface ForgeDoors {
  readonly http: Http;
  /** Reads the token anew, since a mounted Secret is replaced in place; rejects with a `ProblemError`. */
  readonly token: () => Promise<string>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Tells a forge where deliveries stand, as statuses of their commits. What it has been told it is asked for, not remembered. */
export function tellForge(found: FoundForge, { http, token, now }: ForgeDoors): Receiver {
  const forge = forges[found.kind];
  const tell = async (notice: Notice, again: boolean, signal: AbortSignal): Promise<Told> => {
    const repository = { ...found, token: await token() };
    if (again) {
      const listed = await http.send(forge.list(repository, notice), signal);
      if (listed.status === 200 && forge.says(listOf(listed), notice)) return { kind: "told" };
    }
    const answer = await http.send(forge.set(repository, notice), signal);
    if (answer.status === 200 || answer.status === 201 || forge.isSo?.(answer) === true) return { kind: "told" };
    return refusedOf(answer, { who: `${found.kind} (${new URL(found.api).host})`, remedies, nowMs: now() });
  };
  return {
    name: found.kind,
    wants: ({ type }) => type === "delivery",
    tell: (notice, again, signal) => tell(notice, again, signal).catch(troubleOf),
  };
}

function listOf({ body }: HttpAnswer): unknown {
  try {
    const list: unknown = JSON.parse(body);
    return Array.isArray(list) ? list : [];
  } catch {
    return [];
  }
}

const remedies: { readonly [status: number]: string } = {
  401: "Put a token that is valid into the file of --forge-token.",
  403: "Give the token the right to write commit statuses of this repository.",
  404: "See that the token may see this repository and write its commit statuses, and that --forge-url is right.",
};
