import type { Git, PushResult } from "../../src/io/git/git.ts";
import type { Weather } from "./weather.ts";
import type { Wire } from "./wire.ts";

/** About how long an exchange with the remote takes, in milliseconds. */
const exchangeMs = 300;

/** A process's door to Git: reads are its own, the exchange with the remote goes over the wire, in any weather. */
export function gitDoor(git: Git, wire: Wire, weather: Weather, random: () => number): Git {
  const goesWrong = (): boolean => !weather.isGitUp || random() < weather.faults;
  return {
    url: git.url,
    fetch: () => wire.send(exchangeMs, async () => (goesWrong() ? { ok: false, problem: unreachable } : git.fetch())),
    push: (commit, branch, expected) =>
      wire.send(exchangeMs, async (): Promise<PushResult> => {
        if (!weather.isGitUp || random() < weather.faults / 2) return { kind: "unreachable", problem: unreachable };
        if (weather.isProtected && !branch.startsWith("plumbline/")) return { kind: "denied", problem: refused };
        const result = await git.push(commit, branch, expected);
        return random() < weather.faults / 2 ? { kind: "unreachable", problem: unreachable } : result;
      }),
    branch: (branch) => wire.local(() => git.branch(branch)),
    commit: (id) => wire.local(() => git.commit(id)),
    treeAt: (commit, path) => wire.local(() => git.treeAt(commit, path)),
    find: (commit, path) => wire.local(() => git.find(commit, path)),
    list: (tree, options) => wire.local(() => git.list(tree, options)),
    blobs: (ids) => wire.local(() => git.blobs(ids)),
    isAncestor: (ancestor, commit) => wire.local(() => git.isAncestor(ancestor, commit)),
    log: (from, path, limit) => wire.local(() => git.log(from, path, limit)),
    changes: (from, paths, limit) => wire.local(() => git.changes(from, paths, limit)),
    saying: (from, path, trailers, limit) => wire.local(() => git.saying(from, path, trailers, limit)),
    signer: (commit, allowed) => wire.local(() => git.signer(commit, allowed)),
    writeBlob: (content) => wire.local(() => git.writeBlob(content)),
    writeTree: (base, changes) => wire.local(() => git.writeTree(base, changes)),
    writeCommit: (commit) => wire.local(() => git.writeCommit(commit)),
    onLocalPush: (changed) =>
      git.onLocalPush(() => {
        if (weather.isTold) wire.arrive(changed);
      }),
    close: () => undefined,
  };
}

const unreachable = {
  code: "repository-unreachable",
  message: "the repository cannot be reached",
  remedy: "it is tried again by itself",
};
const refused = {
  code: "push-denied",
  message: "the branch is protected",
  remedy: "Let the engine's account push to it.",
};
