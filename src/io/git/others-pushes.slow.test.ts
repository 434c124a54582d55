import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { OthersPushes } from "./others-pushes.ts";
import { runGit, temporaryRepository } from "./temporary-repository-in-test.ts";

test("what somebody takes back of a push from here is news", { timeout: 30_000 }, async (t) => {
  const { remote } = temporaryRepository(t);
  const tree = runGit(remote, "hash-object", "-t", "tree", "-w", "/dev/null");
  const commit = (message: string): string => runGit(remote, "commit-tree", tree, "-m", message);
  const move = (branch: string, to: string): string => runGit(remote, "update-ref", `refs/heads/${branch}`, to);
  const [former, own] = [commit("former"), commit("own")];
  let turn: Promise<void> = Promise.resolve();
  const seen = { looks: 0, calls: 0 };
  const others = new OthersPushes((work) => {
    seen.looks += 1;
    return (turn = turn.then(work));
  });
  t.after(others.watch(remote, () => (seen.calls += 1)));
  move("main", former);
  // The watch begins in the background.
  for (let n = 0; seen.looks === 0; n += 1) {
    move(`probe-${n}`, former);
    await setImmediate();
  }
  for (let known = 0; known < seen.looks;) {
    known = seen.looks;
    await turn;
    await setImmediate();
  }

  let end = (): void => undefined;
  turn = new Promise((resolve) => (end = resolve));
  const before = { ...seen };
  move("main", own);
  while (seen.looks === before.looks) await setImmediate();
  others.pushed("main", own);
  move("main", former);
  end();
  while (seen.calls === before.calls) await setImmediate();
  assert.equal(seen.calls, before.calls + 1);
});
