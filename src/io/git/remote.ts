import { isAbsolute, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { ProblemError } from "../../model/problem.ts";
import type { Problem } from "../../model/problem.ts";

/** A remote repository, taken apart so that credentials stay out of arguments, files and messages. */
export interface Remote {
  /** What git is given: never with credentials of an http(s) URL. */
  readonly address: string;
  /** What people are shown. */
  readonly shown: string;
  /** The value of an Authorization header, where the URL carried credentials. */
  readonly authorization?: string;
  /** A file with the authority that the server's certificate is checked against, where it is not one of the system's. */
  readonly authority?: string;
  /** The program and options that git reaches an SSH server by. */
  readonly ssh?: string;
  /** The texts that must not be seen anywhere. */
  readonly secrets: readonly string[];
  /** The folder, when the remote is on this machine. */
  readonly folder?: string;
}

/** Takes the URL or path of a repository apart; throws `ProblemError` for what git could mistake for something else. */
export function parseRemote(url: string): Remote {
  // oxlint-disable-next-line no-control-regex -- control characters are exactly what is refused
  if (url === "" || url.startsWith("-") || /[\u0000-\u001f\u007f]/.test(url)) throw new ProblemError(refused(url));
  // `ext::sh -c …` and its like name a program to run.
  if (/^[A-Za-z0-9+.-]+::/.test(url)) throw new ProblemError(refused(url));
  if (/^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(url)) return parseUrl(url);
  const scp = /^(?:[^@/:]+@)?([^/:]+):(.*)$/.exec(url);
  if (scp && !isAbsolute(url) && !url.startsWith(".")) {
    if (/^[^@]*@?-/.test(url) || (scp[2] ?? "").startsWith("-")) throw new ProblemError(refused(url));
    return { address: url, shown: url, secrets: [] };
  }
  const folder = resolve(url);
  return { address: folder, shown: folder, secrets: [], folder };
}

function parseUrl(text: string): Remote {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new ProblemError(refused("the given text"));
  }
  if (url.protocol === "file:") {
    const folder = fileURLToPath(url);
    return { address: folder, shown: text, secrets: [], folder };
  }
  if (!["https:", "http:", "ssh:"].includes(url.protocol)) throw new ProblemError(refused(`${url.protocol}//…`));
  if (url.hostname.startsWith("-") || url.username.startsWith("-"))
    throw new ProblemError(refused(`${url.protocol}//…`));
  const secrets = [url.password, decode(url.password)].filter((secret) => secret !== "");
  if (url.protocol === "ssh:") {
    url.password = "";
    return { address: url.href, shown: url.href, secrets };
  }
  const { username, password } = url;
  url.username = "";
  url.password = "";
  if (username === "" && password === "") return { address: url.href, shown: url.href, secrets };
  // A token may stand where the user name does.
  const token = Buffer.from(`${decode(username)}:${decode(password)}`).toString("base64");
  const hidden = password === "" ? [username, decode(username)] : secrets;
  return { address: url.href, shown: url.href, authorization: `Basic ${token}`, secrets: [...hidden, token] };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function refused(shown: string): Problem {
  return {
    code: "repository-url-refused",
    message: `${JSON.stringify(shown)} is not the URL or path of a repository that may be used.`,
    remedy: "Give an https://, ssh:// or file:// URL, user@host:path, or the path of a folder.",
  };
}

/** Removes what must not be seen from a text of git's. */
export function redact(text: string, remote: Remote): string {
  const clean = remote.secrets.reduce((rest, secret) => rest.replaceAll(secret, "***"), text);
  return clean.replaceAll(/(\w+:\/\/)[^\s/@'"]*@/g, "$1");
}

/** Refuses a branch name that git would refuse or could take for an option or another ref. */
export function checkBranch(branch: string): void {
  // oxlint-disable-next-line no-control-regex -- control characters are exactly what is refused
  const wrong = /^[-/.]|\.\.|\/\/|\/\.|@\{|[\u0000-\u0020\u007f~^:?*[\\]|[/.]$|\.lock(\/|$)/.test(branch);
  if (branch !== "" && branch !== "@" && !wrong) return;
  throw new ProblemError({
    code: "branch-name-refused",
    message: `${JSON.stringify(branch)} is not a branch name that git takes.`,
    remedy: "Use letters, digits, dots, dashes and slashes, for example main.",
  });
}

/** Refuses what is not a full object id in hex. */
export function checkId(id: string): void {
  if (/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(id)) return;
  throw new ProblemError({
    code: "object-id-refused",
    message: `${JSON.stringify(id)} is not the full id of a git object.`,
    remedy: "Give all 40 hex digits.",
  });
}

/** True for a path that means the same everywhere: no empty part, no dots, nothing of git's own, no control characters. */
export function isPlainPath(path: string): boolean {
  // oxlint-disable-next-line no-control-regex -- control characters are exactly what is refused
  if (/[\u0000-\u001f\u007f]/.test(path)) return false;
  return path.split("/").every((part) => part !== "" && part !== "." && part !== ".." && !/^\.git$/i.test(part));
}
