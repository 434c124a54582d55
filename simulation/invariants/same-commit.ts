import { logBranch } from "../../src/history/delivery-log.ts";
import type { Git } from "../../src/io/git/git.ts";
import type { MemoryRemote } from "../git/memory-remote.ts";
import type { Accuse } from "./branches.ts";

/**
 * An engine's repository in which every rollback that is made has the id that any engine gave it which knew the same: a function of
 * the parents, the tree and the failing record on the delivery log (behaviour B2). `made` hears of each rollback and promotion
 * that is not pushed yet.
 */
export function sameCommits(remote: MemoryRemote, accuse: Accuse): (git: Git, made: () => void) => Git {
  const known = new Map<string, string>();
  return (git, made) => ({
    ...git,
    async writeCommit(commit) {
      const id = await git.writeCommit(commit);
      const { trailers, parents, tree, subject } = remote.commit(id);
      const of = trailers["Plumbline-Application"] ?? "";
      const isRollback = trailers["Plumbline-Undoes"] !== undefined;
      if (isRollback || trailers["Plumbline-Promotes"] !== undefined) made();
      if (!isRollback) return id;
      const log = await git.branch(logBranch);
      const record = log && remote.idAt(log, `${of}.json`);
      if (record === undefined) return id;
      const key = [of, tree, record, ...parents].join();
      const before = known.get(key) ?? id;
      if (before !== id) accuse(`${id.slice(0, 8)} (${subject}) is made of the same as ${before.slice(0, 8)}`);
      known.set(key, before);
      return id;
    },
  });
}
