import type { Problem, Result } from "../../model/problem.ts";
import type { Processes } from "../process/process.ts";
import { systemProcesses } from "../process/system-processes.ts";
import { isNearAncestor } from "./ancestry.ts";
import { withCredentials } from "./credentials-folder.ts";
import { Doubts } from "./doubts.ts";
import { emptyAnswer, fetchBranches, restoreBranches } from "./fetch.ts";
import { gitCommand } from "./git-command.ts";
import type { Surroundings } from "./git-command.ts";
import type { FetchResult, Git, PushResult } from "./git.ts";
import { looseObjects } from "./loose-objects.ts";
import { prepareFolder } from "./mirror-folder.ts";
import { readBranches, reads } from "./mirror-reads.ts";
import { writes } from "./mirror-writes.ts";
import { objectReader } from "./object-reader.ts";
import { OthersPushes } from "./others-pushes.ts";
import { pushTo } from "./push.ts";
import type { PushTarget } from "./push.ts";
import { parseRemote } from "./remote.ts";
import type { Remote } from "./remote.ts";
import { signerOf } from "./signatures.ts";

/** What a mirror is opened with. */
export interface MirrorOptions {
  /** URL or path of the remote repository; credentials in it are kept out of arguments, files and messages. */
  readonly url: string;
  /** Where the bare mirror is kept; made when it is not there. One process at a time. */
  readonly folder: string;
  /** A folder of files with credentials for the remote, see `withCredentials`. */
  readonly credentials?: string;
  /** A private SSH key that commits written here are signed with. */
  readonly signingKey?: string;
  /** Proxies, SSH, certificates and PATH are taken from these variables; default: this process's. */
  readonly environment?: Surroundings;
  readonly processes?: Processes;
  /** How long one exchange with the remote may take; default 10 minutes. */
  readonly remoteTimeoutMs?: number;
}

/** Opens (or makes) the mirror of a remote repository in a folder. Rejects with `ProblemError` when that cannot be. */
export async function openMirror(options: MirrorOptions): Promise<Git> {
  const remote = parseRemote(options.url);
  const { folder } = options;
  const { processes = systemProcesses } = options;
  const commandFor = (whom: Remote) => gitCommand(processes, folder, whom, options.environment ?? process.env);
  const { authorization: _, ...withoutCredentials } = remote;
  const git = commandFor(withoutCredentials);
  await prepareFolder(git, folder, remote);
  const reader = objectReader(git);
  const timeoutMs = options.remoteTimeoutMs ?? 600_000;
  let branches = await readBranches(git);

  /** What talks to the remote knows the credentials; what reads and writes here need not. */
  const outside = async (): Promise<Result<Omit<PushTarget, "isNearAncestor">>> => {
    const { credentials } = options;
    const known =
      credentials === undefined ? { ok: true as const, value: remote } : await withCredentials(remote, credentials);
    return known.ok ? { ok: true, value: { git: commandFor(known.value), remote: known.value, timeoutMs } } : known;
  };
  const fetch = async (signal?: AbortSignal): Promise<FetchResult> => {
    const target = await outside();
    if (!target.ok) return { ok: false, problem: firstOf(target.problems) };
    const exchange = { ...target.value, folder, beforeRecreating: () => reader.close() };
    const problem = (await fetchBranches(exchange, signal)) ?? (await doubts.settle(exchange, signal));
    if (problem !== undefined) return { ok: false, problem };
    const fetched = await readBranches(git);
    if (fetched.size === 0 && branches.size > 0) {
      await restoreBranches(git, branches);
      return { ok: false, problem: emptyAnswer(remote) };
    }
    branches = fetched;
    return { ok: true, branches };
  };
  const doubts = new Doubts();
  const inTurn = oneAtATime();
  const others = new OthersPushes(inTurn);
  const signaturesInTurn = oneAtATime();

  return {
    ...doubts.hearing(reads(git, reader, () => branches)),
    ...doubts.hearing(writes({ git, reader, write: looseObjects(folder), signingKey: options.signingKey })),
    signer: (commit, allowed) => signaturesInTurn(() => signerOf({ git, processes, folder, remote }, commit, allowed)),
    url: remote.shown,
    fetch: (signal) => inTurn(() => fetch(signal)),
    push: (commit, branch, expected) =>
      inTurn(async (): Promise<PushResult> => {
        const target = await outside();
        if (!target.ok) return { kind: "unreachable", problem: firstOf(target.problems) };
        const isNear = (ancestor: string, id: string) => isNearAncestor(reader, ancestor, id);
        const exchange = { ...target.value, isNearAncestor: isNear };
        const result = await pushTo(exchange, commit, branch, expected);
        if ("problem" in result) doubts.hear(result.problem);
        if (result.kind !== "pushed") return result;
        branches = new Map(branches).set(branch, commit);
        others.pushed(branch, commit);
        return result;
      }),
    onLocalPush: (changed) => (remote.folder === undefined ? () => undefined : others.watch(remote.folder, changed)),
    close: () => reader.close(),
  };
}

function firstOf(problems: readonly Problem[]): Problem {
  return problems[0] ?? { code: "git-credentials", message: "there are no credentials" };
}

/** Fetches and pushes change the same references, and signatures are checked with one keyring, so they take turns. */
function oneAtATime(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const next = last.then(work, work);
    last = next.catch(() => undefined);
    return next;
  };
}
