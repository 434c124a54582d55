import assert from "node:assert/strict";
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { commitFiles } from "../io/git/git-contract-in-test.ts";
import { runGit, temporaryRepository } from "../io/git/temporary-repository-in-test.ts";
import { deliveryLog, logBranch } from "./delivery-log.ts";
import type { LogFile } from "./delivery-log.ts";
import { sampleRecord } from "./sample-record-in-test.ts";

const atMs = Date.parse("2026-11-23T20:00:12.340Z");

test("each decision is a commit with the record, and reads back", async (t) => {
  const { open, remote } = temporaryRepository(t);
  const git = await open();
  const log = deliveryLog(git);
  assert.equal(await log.readRecord("staging/probe"), undefined);
  const record = sampleRecord();
  const files = new Map([
    ["index.html", "<p>hello</p>"],
    ["data/status.json", "{}\n"],
  ]);
  const written = await log.write({ record, atMs, files });
  assert.equal(written.kind, "written");
  assert.deepEqual(await log.write({ record, atMs: atMs + 5000, files }), { ...written, kind: "unchanged" });
  await log.write({
    record: sampleRecord({ application: "production/probe" }),
    atMs,
    files: new Map([["index.html", null]]),
  });
  assert.deepEqual(runGit(remote, "ls-tree", "-r", "--name-only", logBranch).split("\n"), [
    "data/status.json",
    "production/probe.json",
    "staging/probe.json",
  ]);
  assert.deepEqual(runGit(remote, "log", "--format=%s %cI", logBranch).split("\n"), [
    "production/probe: healthy at 1a2b3c4d (in 12.3 s) 2026-11-23T20:00:12+00:00",
    "staging/probe: healthy at 1a2b3c4d (in 12.3 s) 2026-11-23T20:00:12+00:00",
  ]);
  const reader = await open();
  await reader.fetch();
  const there = deliveryLog(reader);
  assert.deepEqual(await there.readRecord("staging/probe"), record);
  assert.deepEqual([...(await there.readRecords()).keys()], ["production/probe", "staging/probe"]);
});

test("a file that is as it was costs nothing, one that is written once is made once, and folders go as a whole", async (t) => {
  const git = await temporaryRepository(t).open();
  const written: string[] = [];
  const log = deliveryLog({
    ...git,
    async writeBlob(content) {
      written.push(String(content));
      return git.writeBlob(content);
    },
  });
  let made = 0;
  const once = (): string => `made ${(made += 1)}`;
  const files = new Map<string, LogFile>([
    ["index.html", "page"],
    ["page/2/0.json", { once }],
  ]);
  await log.write({ record: sampleRecord(), atMs, files });
  assert.deepEqual([made, written.toSorted()[0]], [1, "made 1"]);
  written.length = 0;
  const message = "Another.";
  await log.write({ record: sampleRecord({ message }), atMs, files: new Map([...files, ["page/1", null]]) });
  assert.deepEqual([made, written.length], [1, 1], "the record alone is new");
  const gone = await log.write({ record: sampleRecord({ message }), atMs, files: new Map([["page/2", null]]) });
  assert.ok("commit" in gone);
  assert.equal(await git.treeAt(gone.commit, "page"), undefined);
});

test("history is one entry a delivery, newest first, however often it was written", async (t) => {
  const git = await temporaryRepository(t).open();
  const log = deliveryLog(git);
  for (const [index, outcome] of (
    ["progressing", "healthy", "progressing", "failed", "rolled-back", "progressing"] as const
  ).entries()) {
    const delivery = index < 2 ? 1 : index < 5 ? 2 : 3;
    const revision = { ...sampleRecord().revision, commit: String(delivery).repeat(40) };
    await log.write({ record: sampleRecord({ outcome, revision, message: `Step ${index}.` }), atMs: atMs + index });
  }
  const history = async (limit: number) =>
    (await log.readHistories(["staging/probe"], limit)).get("staging/probe")?.map((record) => record.outcome);
  assert.deepEqual(await history(9), ["progressing", "rolled-back", "healthy"]);
  assert.deepEqual(await history(2), ["progressing", "rolled-back"]);
  assert.deepEqual(await log.readHistories(["staging/other"], 9), new Map([["staging/other", []]]));
});

test("writers that race lose nothing", async (t) => {
  const { open, remote } = temporaryRepository(t);
  const logs = await Promise.all(["a", "b", "c"].map(async () => deliveryLog(await open())));
  const writes = logs.flatMap((log, writer) =>
    [0, 1, 2].map((n) => log.write({ record: sampleRecord({ application: `staging/app-${writer}-${n}` }), atMs })),
  );
  const results = await Promise.all(writes);
  assert.deepEqual(
    results.map((result) => result.kind),
    Array(9).fill("written"),
  );
  assert.equal(runGit(remote, "ls-tree", "-r", "--name-only", logBranch).split("\n").length, 9);
  assert.equal(runGit(remote, "rev-list", "--count", logBranch), "9");
});

test("decisions that are made at the same time are a commit each, by one push, and one that is refused keeps none of the others", async (t) => {
  const { open, remote } = temporaryRepository(t);
  const git = await open();
  let pushes = 0;
  const log = deliveryLog({
    ...git,
    push(...args) {
      pushes += 1;
      return git.push(...args);
    },
  });
  const writeAll = (names: readonly string[]) =>
    Promise.all(names.map((name) => log.write({ record: sampleRecord({ application: `staging/${name}` }), atMs })));
  const results = await writeAll(["a", "b", "c", "d"]);
  assert.deepEqual(
    results.map((result) => "commit" in result && result.commit),
    runGit(remote, "rev-list", "--reverse", logBranch).split("\n"),
  );
  assert.equal(runGit(remote, "rev-list", "--count", logBranch), "4");
  assert.equal(pushes, 1);
  const refusing =
    "while read before after ref; do git log --format=%s $before..$after | grep -q bad && exit 1; done; exit 0";
  writeFileSync(join(remote, "hooks", "pre-receive"), `#!/bin/sh\n${refusing}\n`, { mode: 0o755 });
  const kinds = (await writeAll(["e", "bad", "a", "f"])).map(({ kind }) => kind);
  assert.deepEqual(kinds, ["written", "denied", "unchanged", "written"]);
});

test("a record that somebody broke does not hide the one before", async (t) => {
  const git = await temporaryRepository(t).open();
  const log = deliveryLog(git);
  await log.write({ record: sampleRecord(), atMs });
  const head = await git.branch(logBranch);
  await git.push(await commitFiles(git, head, { "staging/probe.json": "{ broken" }), logBranch, head);
  assert.deepEqual(await log.readRecord("staging/probe"), sampleRecord());
});

test("it tells once that somebody else moved the branch, also where it wrote on top of that, and what is still said", async (t) => {
  const { open } = temporaryRepository(t);
  const git = await open();
  const log = deliveryLog(git);
  assert.equal(await log.hasStrayed(), false, "there is no branch yet");
  await log.write({ record: sampleRecord(), atMs });
  assert.equal(await log.hasStrayed(), false, "what it wrote itself is known");
  assert.equal(await log.says(sampleRecord()), true);
  assert.equal(await log.says(sampleRecord({ message: "another one" })), false);
  assert.equal(await log.says(sampleRecord({ application: "staging/other" })), false);

  const other = await open();
  await other.fetch();
  const head = await other.branch(logBranch);
  await other.push(await commitFiles(other, head, { "staging/probe.json": "{ broken" }), logBranch, head);
  await git.fetch();
  assert.equal(await log.says(sampleRecord()), false);
  await log.write({ record: sampleRecord({ application: "staging/other" }), atMs });
  assert.equal(await log.hasStrayed(), true);
  assert.equal(await log.hasStrayed(), false, "it was told");
});

test("what a damaged mirror cannot tell is not said, and is there again after the next fetch", async (t) => {
  const { open, root } = temporaryRepository(t);
  const git = await open();
  const log = deliveryLog(git);
  await log.write({ record: sampleRecord(), atMs });
  const tree = await git.treeAt((await git.branch(logBranch))!, "staging");
  assert.ok(tree);
  rmSync(join(root, "mirror-1", "objects", tree.slice(0, 2), tree.slice(2)));
  git.close();
  assert.equal(await log.says(sampleRecord()), false);
  assert.ok((await git.fetch()).ok);
  assert.equal(await log.says(sampleRecord()), true);
});

test("a repository that may not be written is denied, and one that is gone unreachable", async (t) => {
  const { open, remote, root } = temporaryRepository(t);
  const log = deliveryLog(await open());
  writeFileSync(join(remote, "hooks", "pre-receive"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
  assert.equal((await log.write({ record: sampleRecord(), atMs })).kind, "denied");
  runGit(root, "init", "--quiet", "--bare", "elsewhere");
  renameSync(remote, join(root, "away"));
  assert.equal((await log.write({ record: sampleRecord(), atMs })).kind, "unreachable");
});
