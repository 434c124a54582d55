import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { startGitServer } from "../../../conformance/git-server.ts";
import { frontFaults, startFaultyFront } from "./faulty-front-in-test.ts";
import type { FrontFault } from "./faulty-front-in-test.ts";
import { commitFiles } from "./git-contract-in-test.ts";
import type { Git } from "./git.ts";
import { openMirror } from "./mirror.ts";
import { makeBareRepository, runGit } from "./temporary-repository-in-test.ts";
import { seeded } from "../clock/seeded-in-test.ts";

/** A Git server behind a front that does what `fault` says, a mirror through it, and a writer beside it. */
async function start(t: TestContext, fault: () => FrontFault | undefined, remoteTimeoutMs = 60_000) {
  const folder = mkdtempSync(join(tmpdir(), "plumb-faults-"));
  const repositories = join(folder, "repositories");
  mkdirSync(repositories);
  const remote = join(repositories, "deployment.git");
  makeBareRepository(remote);
  const server = await startGitServer({ folder: repositories });
  const front = await startFaultyFront(server.url, fault);
  const url = `${front.url}/deployment.git`;
  const git = await openMirror({ url, folder: join(folder, "mirror.git"), remoteTimeoutMs });
  const writer = await openMirror({ url: remote, folder: join(folder, "writer.git") });
  t.after(async () => {
    for (const one of [git, writer]) one.close();
    await front.stop();
    await server.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  const write = async (files: Readonly<Record<string, string>>): Promise<string> => {
    assert.ok((await writer.fetch()).ok);
    const head = await writer.branch("main");
    const commit = await commitFiles(writer, head, files);
    assert.deepEqual(await writer.push(commit, "main", head), { kind: "pushed" });
    return commit;
  };
  return { folder, remote, front, git, writer, write };
}

test("each way in which a server fails is said, and the next fetch and push come through", async (t) => {
  let next: FrontFault | undefined;
  const { git, front, write } = await start(t, () => next, 1500);
  for (const fault of frontFaults) {
    next = undefined;
    const before = await write({ [fault]: "1" });
    assert.ok((await git.fetch()).ok);
    const commit = await commitFiles(git, before, { [fault]: "2" });
    next = fault;
    const fetched = await git.fetch();
    assert.ok(!fetched.ok, fault);
    assert.equal(fetched.problem.code, "repository-unreachable", fault);
    assert.match(fetched.problem.message, /could not be reached: ./, fault);
    const pushed = await git.push(commit, "main", before);
    // An answer without branches looks like one that has moved: fetching again tells.
    assert.equal(pushed.kind, fault === "garbage" ? "moved" : "unreachable", fault);
    assert.equal(await git.branch("main"), before, "what was fetched last stays");
    next = undefined;
    assert.deepEqual(await git.push(commit, "main", before), { kind: "pushed" }, fault);
    assert.ok((await git.fetch()).ok);
    assert.equal(await git.branch("main"), commit);
    assert.equal(front.stalled(), 0, "a git that waits for nothing was ended");
  }
});

test("cut off at random, a fetch or push comes through on retry, or leaves nothing that a later one trips over", async (t) => {
  const seeds = Number(process.env["PLUMB_SEEDS"] ?? 100);
  let random = seeded(0);
  let left = 0;
  const quick = frontFaults.filter((fault) => fault !== "stall");
  const met = new Map<string, number>();
  const { folder, remote, git, write } = await start(t, () => {
    if (left === 0 || random() < 0.5) return undefined;
    left -= 1;
    const fault = quick[Math.floor(random() * quick.length)];
    if (fault) met.set(fault, (met.get(fault) ?? 0) + 1);
    return fault;
  });
  // An answer without branches is what an empty repository gives; only who has seen one knows better.
  await write({ theirs: "0" });
  assert.ok((await git.fetch()).ok);
  for (let seed = 1; seed <= seeds; seed += 1) {
    random = seeded(seed);
    left = 2;
    const told = `seed ${seed}`;
    const theirs = await write({ theirs: `${seed}`, more: String(random()).repeat(2000) });
    await untilFetched(git, random, told);
    assert.equal(await git.branch("main"), theirs, told);
    left = 2;
    const ours = await commitFiles(git, theirs, { ours: `${seed}` });
    await untilPushed(git, ours, theirs, told);
    assert.equal(runGit(remote, "rev-parse", "main"), ours, told);
    left = 0;
  }
  t.diagnostic(`faults met: ${JSON.stringify(Object.fromEntries(met))}`);
  assert.equal(runGit(remote, "rev-list", "--count", "main"), String(1 + 2 * seeds), "each commit once");
  for (const repository of [remote, join(folder, "mirror.git")]) runGit(repository, "fsck", "--connectivity-only");
});

/** Fetches until it succeeds; one in three is killed at some moment. */
async function untilFetched(git: Git, random: () => number, told: string): Promise<void> {
  for (let attempt = 0; attempt < 12; attempt += 1) {
    const signal = random() < 0.33 ? AbortSignal.timeout(Math.ceil(random() * 60)) : undefined;
    if ((await git.fetch(signal)).ok) return;
  }
  assert.fail(`${told}: no fetch came through`);
}

async function untilPushed(git: Git, commit: string, before: string, told: string): Promise<void> {
  for (let attempt = 0; attempt < 6; attempt += 1) {
    const pushed = await git.push(commit, "main", before);
    if (pushed.kind === "pushed") return;
    assert.equal(pushed.kind, "unreachable", `${told}: ${JSON.stringify(pushed)}`);
  }
  assert.fail(`${told}: no push came through`);
}

test("a rewritten branch, a moved default branch and a protected one are what they are (behaviours B3 and B7)", async (t) => {
  const { git, remote, write, folder } = await start(t, () => undefined);
  const [first, second] = [await write({ a: "1" }), await write({ a: "2" })];
  assert.ok((await git.fetch()).ok);
  assert.equal(await git.branch("main"), second);

  runGit(remote, "update-ref", "refs/heads/main", first);
  runGit(remote, "branch", "trunk", second);
  runGit(remote, "symbolic-ref", "HEAD", "refs/heads/trunk");
  const ours = await commitFiles(git, second, { a: "3" });
  assert.deepEqual(
    await git.push(ours, "main", second),
    { kind: "moved" },
    "nothing is forced onto a rewritten branch",
  );
  assert.ok((await git.fetch()).ok);
  assert.deepEqual([await git.branch("main"), await git.branch("trunk")], [first, second]);

  const refusing = "#!/bin/sh\necho 'GH006: Protected branch update failed' >&2\nexit 1\n";
  writeFileSync(join(remote, "hooks", "pre-receive"), refusing, { mode: 0o755 });
  const next = await commitFiles(git, first, { a: "4" });
  const denied = await git.push(next, "main", first);
  assert.ok(denied.kind === "denied", JSON.stringify(denied));
  assert.match(denied.problem.message, /main: .*Protected branch update failed/);
  rmSync(join(remote, "hooks", "pre-receive"));

  // Two writers at once: one is first, the other is told that the branch has moved.
  const other = await openMirror({ url: remote, folder: join(folder, "other.git") });
  t.after(() => other.close());
  assert.ok((await other.fetch()).ok);
  const theirs = await commitFiles(other, first, { b: "1" });
  const ends = await Promise.all([git.push(next, "main", first), other.push(theirs, "main", first)]);
  const kinds = ends.map(({ kind }) => kind);
  assert.equal(kinds.filter((kind) => kind === "pushed").length, 1, JSON.stringify(ends));
  assert.ok(
    kinds.every((kind) => kind === "pushed" || kind === "moved" || kind === "unreachable"),
    JSON.stringify(ends),
  );
});
