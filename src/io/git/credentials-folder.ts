import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ProblemError } from "../../model/problem.ts";
import type { Result } from "../../model/problem.ts";
import type { Remote } from "./remote.ts";

/**
 * The remote with the credentials of a folder, which is read before each exchange, because a mounted Secret is replaced in
 * place. Its files are named as Flux's source Secrets are (https://fluxcd.io/flux/components/source/gitrepositories/):
 * `username` and `password`, or `bearerToken`; for SSH `identity` and `known_hosts`; `ca.crt` for an authority of one's own.
 * A problem when it holds nothing that fits the remote.
 */
export async function withCredentials(remote: Remote, folder: string): Promise<Result<Remote>> {
  try {
    return { ok: true, value: await read(remote, folder) };
  } catch (error) {
    if (error instanceof ProblemError) return { ok: false, problems: [error.problem] };
    throw error;
  }
}

async function read(remote: Remote, folder: string): Promise<Remote> {
  const file = (name: string): Promise<string | undefined> =>
    readFile(join(folder, name), "utf8").catch(() => undefined);
  const isHttp = /^https?:/.test(remote.address);
  const authority = (await file("ca.crt")) === undefined ? {} : { authority: join(folder, "ca.crt") };
  if (!isHttp) {
    if ((await file("identity")) === undefined) throw missing(folder, "identity (a private key) and known_hosts");
    if ((await file("known_hosts")) === undefined) throw missing(folder, "known_hosts, so that the server is known");
    return { ...remote, ssh: sshCommand(folder) };
  }
  const token = (await file("bearerToken"))?.trim();
  if (token) return { ...remote, ...authority, authorization: `Bearer ${token}`, secrets: [...remote.secrets, token] };
  const password = (await file("password"))?.trim();
  if (!password) throw missing(folder, "password (a token) and username, or bearerToken");
  const username = (await file("username"))?.trim() || "git";
  const basic = Buffer.from(`${username}:${password}`).toString("base64");
  return { ...remote, ...authority, authorization: `Basic ${basic}`, secrets: [...remote.secrets, password, basic] };
}

/** Only the given key and the given hosts count; git hands the command to a shell. */
function sshCommand(folder: string): string {
  const quoted = (name: string): string => `'${join(folder, name).replaceAll("'", String.raw`'\''`)}'`;
  return [
    "ssh -F none -oBatchMode=yes -oConnectTimeout=15 -oServerAliveInterval=20 -oServerAliveCountMax=3",
    "-oIdentitiesOnly=yes -oIdentityAgent=none -oStrictHostKeyChecking=yes -oGlobalKnownHostsFile=/dev/null",
    `-i ${quoted("identity")}`,
    `-oUserKnownHostsFile=${quoted("known_hosts")}`,
  ].join(" ");
}

function missing(folder: string, what: string): ProblemError {
  return new ProblemError({
    code: "git-credentials-missing",
    message: `The credentials folder ${folder} has no file ${what}.`,
    remedy: "Mount a Secret with these keys there; docs/guides/kubernetes.md says how it is made.",
  });
}
