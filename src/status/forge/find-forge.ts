import { ProblemError } from "../../model/problem.ts";
import type { ForgeKind, ForgeRepository } from "./forge.ts";

/** Hosts of which it is known what they run. */
const known: { readonly [host: string]: ForgeKind } = {
  "github.com": "github",
  "gitlab.com": "gitlab",
  "codeberg.org": "gitea",
  "gitea.com": "gitea",
};

/** A forge and a repository on it, without the token. */
export interface FoundForge extends Omit<ForgeRepository, "token"> {
  readonly kind: ForgeKind;
}

/**
 * The forge of a repository: from its URL (https, ssh or user@host:path) where the host is known, else as it is named; `api` is
 * where its API is, default what follows from the host. Throws `ProblemError` where that says too little.
 */
export function findForge(repository: string, kind: ForgeKind | undefined, api: string | undefined): FoundForge {
  const place = placeOf(repository);
  const found = kind ?? (place && known[place.host]);
  if (found === undefined) throw new ProblemError(unknownForge(place?.host));
  if (place === undefined) throw new ProblemError(noPath);
  return { kind: found, path: place.path, api: (api ?? apiOf(found, place.host)).replace(/\/+$/, "") };
}

interface Place {
  readonly host: string;
  readonly path: string;
}

function placeOf(repository: string): Place | undefined {
  const scp = /^(?:[^@/:]+@)?([^/:]+):(?!\/\/)(.+)$/.exec(repository);
  const [host, path] = scp ? [scp[1], scp[2]] : urlPlace(repository);
  const bare = (path ?? "").replace(/^\/+|\/+$/g, "").replace(/\.git$/, "");
  return host === undefined || host === "" || !bare.includes("/")
    ? undefined
    : { host: host.toLowerCase(), path: bare };
}

function urlPlace(text: string): readonly [string | undefined, string | undefined] {
  if (!URL.canParse(text)) return [undefined, undefined];
  const { protocol, host, hostname, pathname } = new URL(text);
  // The port of an ssh URL is not that of the API.
  return [protocol === "ssh:" ? hostname : host, decodeURIComponent(pathname)];
}

function apiOf(kind: ForgeKind, host: string): string {
  if (host === "github.com") return "https://api.github.com";
  return { github: `https://${host}/api/v3`, gitlab: `https://${host}/api/v4`, gitea: `https://${host}/api/v1` }[kind];
}

function unknownForge(host: string | undefined) {
  return {
    code: "forge-unknown",
    message: `Which forge ${host === undefined ? "the repository is on" : `${host} is`} cannot be told from the repository's URL.`,
    remedy: "Name it with --forge, and where its API is with --forge-url.",
  };
}

const noPath = {
  code: "forge-repository-unknown",
  message: "The repository's URL names no owner and repository of a forge.",
  remedy: "Statuses need a repository on a forge; leave --forge-token out where there is none.",
};
