import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { temporaryRepository } from "../io/git/temporary-repository-in-test.ts";
import { deliveryLog, logBranch } from "./delivery-log.ts";
import { recordText } from "./record-text.ts";
import { sampleRecord } from "./sample-record-in-test.ts";

/** A log of these deliveries, oldest first, each with so many commits, and a log that counts how often Git is asked. */
async function logOf(t: TestContext, commits: readonly (readonly [delivery: string, count: number])[]) {
  const { open, remote } = temporaryRepository(t);
  const texts = commits.flatMap(([delivery, count]) => {
    const revision = { ...sampleRecord().revision, commit: delivery.repeat(40) };
    return Array.from({ length: count }, (_, n) => recordText(sampleRecord({ revision, message: `Step ${n}.` })));
  });
  const stream = texts.map((text, n) => {
    const file = `M 100644 inline staging/probe.json\ndata ${Buffer.byteLength(text)}\n${text}\n`;
    return `commit refs/heads/${logBranch}\ncommitter A <a@b> ${1_700_000_000 + n} +0000\ndata 1\nx\n${file}`;
  });
  execFileSync("git", ["fast-import", "--quiet"], { cwd: remote, input: stream.join("") });
  const git = await open();
  await git.fetch();
  const asked: string[] = [];
  const counting = {
    ...git,
    changes: (commit: string, paths: readonly string[], limit: number) => {
      asked.push(commit);
      return git.changes(commit, paths, limit);
    },
  };
  const log = deliveryLog(counting);
  return {
    asked,
    history: async (limit: number) => {
      asked.length = 0;
      const histories = await log.readHistories(["staging/probe"], limit);
      return histories.get("staging/probe")?.map(({ revision }) => revision.commit[0]);
    },
  };
}

test("history is read page by page, and no further than is asked for or there is", async (t) => {
  const { asked, history } = await logOf(t, [
    ["1", 10],
    ["2", 50],
  ]);
  assert.deepEqual(await history(1), ["2"]);
  assert.equal(asked.length, 1, "what is asked for is on the first page");
  assert.deepEqual(await history(2), ["2", "1"]);
  assert.equal(asked.length, 2);
  assert.deepEqual(await history(3), ["2", "1"]);
  assert.equal(asked.length, 2, "a page that is not full is the last");
});

test("a log that ends with a page ends there", async (t) => {
  const { asked, history } = await logOf(t, [["1", 50]]);
  assert.deepEqual(await history(2), ["1"]);
  assert.equal(asked.length, 1);
});

test("an application that does nothing but flap is read back ten pages and no further", async (t) => {
  const { asked, history } = await logOf(t, [
    ["1", 1],
    ["2", 500],
  ]);
  assert.deepEqual(await history(2), ["2"]);
  assert.equal(asked.length, 10);
});

test("without a log nothing is asked", async (t) => {
  const git = await temporaryRepository(t).open();
  const unasked = { ...git, changes: () => assert.fail("there is nothing to ask for") };
  assert.deepEqual(await deliveryLog(unasked).readHistories(["staging/probe"], 2), new Map());
});

test("the histories of a fleet are read in one walk, and are those that each has for itself", async (t) => {
  const { open, remote } = temporaryRepository(t);
  const names = Array.from({ length: 60 }, (_, n) => `${n % 2 ? "staging" : "production"}/app-${n}`);
  const stream = Array.from({ length: 200 }, (_, n) => {
    const application = names[(n * 7) % 59] ?? "";
    const revision = { ...sampleRecord().revision, commit: String(n % 10).repeat(40) };
    const text = recordText(sampleRecord({ application, revision, message: `Step ${n}.` }));
    const file = `M 100644 inline ${application}.json\ndata ${Buffer.byteLength(text)}\n${text}\n`;
    return `commit refs/heads/${logBranch}\ncommitter A <a@b> ${1_700_000_000 + n} +0000\ndata 1\nx\n${file}`;
  });
  execFileSync("git", ["fast-import", "--quiet"], { cwd: remote, input: stream.join("") });
  const git = await open();
  await git.fetch();
  const walks: (readonly string[])[] = [];
  const log = deliveryLog({
    ...git,
    changes(from, paths, limit) {
      walks.push(paths);
      return git.changes(from, paths, limit);
    },
  });
  const together = await log.readHistories(names, 3);
  assert.deepEqual(walks, [["production", "staging"]]);
  for (const name of names) assert.deepEqual(together.get(name), (await log.readHistories([name], 3)).get(name), name);
  assert.deepEqual(together.get("staging/app-59"), [], "it never was on the log");
  assert.equal(together.get("production/app-0")?.length, 3);
});
