import assert from "node:assert/strict";
import { test } from "node:test";
import type { Git } from "../io/git/git.ts";
import { TrackedBranch } from "./tracked-branch.ts";

test("a remote that stays away is asked ever less often, and as before once it is back (behaviour B8)", async () => {
  let reachable = false;
  let now = 0;
  const delays: number[] = [];
  let poll = (): void => {};
  let fetched = (): void => {};
  const problem = { code: "repository-unreachable", message: "no answer" };
  // Of a repository that has no commit, a tracked branch asks nothing but these.
  const git = {
    url: "https://forge.example/deploy.git",
    fetch: () => Promise.resolve(reachable ? { ok: true, branches: new Map() } : { ok: false, problem }),
    branch: () => Promise.resolve(undefined),
    onLocalPush: () => () => undefined,
  } satisfies Partial<Git> as unknown as Git;
  const branch = new TrackedBranch({
    git,
    clock: {
      now: () => now,
      at: (atMs, then) => {
        delays.push(atMs - now);
        poll = then;
        return () => undefined;
      },
    },
    random: () => 0.5,
    branch: "main",
    pollMs: 30_000,
    onDeployment: () => Promise.resolve(),
    onTrouble: () => Promise.resolve(),
    onFetched: () => fetched(),
  });
  const next = async (): Promise<void> => {
    const done = new Promise<void>((resolve) => (fetched = resolve));
    now += delays.at(-1) ?? 0;
    poll();
    await done;
  };
  await branch.start();
  for (let count = 0; count < 7; count += 1) await next();
  assert.deepEqual(delays, [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
  reachable = true;
  await next();
  assert.equal(delays.at(-1), 30_000);
  assert.equal(branch.repository.reachable, true);
  reachable = false;
  await next();
  assert.equal(delays.at(-1), 1000);
  await branch.stop();
});
