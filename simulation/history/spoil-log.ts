import { logBranch } from "../../src/history/delivery-log.ts";
import type { MemoryRemote } from "../git/memory-remote.ts";
import { places } from "./steps.ts";
import type { Mishap } from "./steps.ts";

/** What somebody makes of the delivery log; answers in a few words what came of it. */
export function spoilLog(
  remote: MemoryRemote,
  act: Extract<Mishap, { do: "rewind-log" | "garble-log" }>,
  atMs: number,
): string {
  const head = remote.branch(logBranch);
  if (head === undefined) return "there is no log";
  const move = (commit: string): string => {
    remote.setBranch(logBranch, commit, "person");
    return `the log is at ${commit.slice(0, 8)}`;
  };
  if (act.do === "rewind-log") return move([...remote.firstParents(head)].slice(0, act.by + 1).at(-1)?.id ?? head);
  const main = remote.branch("main");
  if (act.how === "other") return main === undefined ? "there is nothing else" : move(main);
  const id = remote.objects.write("blob", Buffer.from("{ not a record\n"));
  const isOnTop = act.how === "unreadable-on-top";
  const changes = new Map(places.map((at) => [`${at}.json`, { mode: "100644", id }] as const));
  const tree = remote.writeTree(isOnTop ? remote.commit(head).tree : undefined, changes);
  const signature = { name: "Person", email: "person@example.test", at: atMs / 1000 };
  return move(remote.writeCommit({ tree, parents: isOnTop ? [head] : [], message: "Nonsense\n", signature }));
}
