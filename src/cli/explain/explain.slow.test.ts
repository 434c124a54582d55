import assert from "node:assert/strict";
import { test } from "node:test";
import { deliveryLog, logBranch } from "../../history/delivery-log.ts";
import { sampleRecord } from "../../history/sample-record-in-test.ts";
import { commitFiles } from "../../io/git/git-contract-in-test.ts";
import { runGit, temporaryRepository } from "../../io/git/temporary-repository-in-test.ts";
import { deliveryId } from "../../model/delivery-id.ts";
import { ProblemError } from "../../model/problem.ts";
import type { DeliveryRecord } from "../../model/record.ts";
import { explainText } from "./explain-text.ts";
import { explain } from "./gather.ts";

const configMap = (value: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: c }\ndata: { a: ${value} }\n`;
const delivery = "environments:\n  staging: {}\n";
const plain = (_: string, text: string): string => text;

/** A repository of two commits to staging/shop, and its delivery log. */
async function repository(t: Parameters<typeof temporaryRepository>[0]) {
  const { open, remote } = temporaryRepository(t);
  const git = await open();
  const first = await commitFiles(
    git,
    undefined,
    { "delivery.yaml": delivery, "staging/shop/c.yaml": configMap("one") },
    "First",
  );
  const second = await commitFiles(
    git,
    first,
    { "staging/shop/c.yaml": configMap("two"), "staging/shop/b.yaml": configMap("b") },
    "Second \u001b[2J",
  );
  await git.push(second, "main", undefined);
  const revision = async (commit: string) => {
    const { subject, author, committedAt } = await git.commit(commit);
    return { commit, tree: (await git.treeAt(commit, "staging/shop")) ?? "", subject, author, committedAt };
  };
  const [before, after] = [await revision(first), await revision(second)];
  const lastHealthy = { commit: first, tree: before.tree, healthyAt: "2026-11-23T19:00:00.000Z" };
  let minute = 0;
  const write = async (different: Partial<DeliveryRecord>): Promise<DeliveryRecord> => {
    const record = sampleRecord({ application: "staging/shop", revision: after, lastHealthy, ...different });
    await deliveryLog(git).write({ record, atMs: Date.parse("2026-11-23T20:00:00Z") + (minute += 1) * 60_000 });
    return record;
  };
  return { git, remote, write, before, after };
}

test("what was refused is explained by file and line, and what is held by what a person has to do", async (t) => {
  const { git, write, after } = await repository(t);
  const where = { file: "staging/shop/b.yaml", line: 3 };
  const problem = { code: "duplicate-object", message: "ConfigMap c is declared twice", where, remedy: "remove one" };
  await write({ outcome: "refused", message: "refused", remedy: "remove one", problems: [problem] });
  const refused = await explain(git, "main", {});
  assert.equal(refused.next[0], "mend staging/shop/b.yaml:3: ConfigMap c is declared twice (remove one)");
  assert.ok(refused.next.some((step) => step.includes(`git revert --no-edit ${after.commit}`)));
  assert.deepEqual(refused.cause.files, [
    { path: "staging/shop/b.yaml", change: "added" },
    { path: "staging/shop/c.yaml", change: "changed" },
  ]);
  assert.deepEqual(
    refused.cause.commits.map(({ commit }) => commit),
    [after.commit],
  );

  const startedAt = "2026-11-23T21:00:00.000Z";
  await write({ outcome: "progressing", message: "applying", startedAt });
  const held = await write({
    outcome: "held",
    message: "its rollback failed as well",
    remedy: "fix it by hand",
    startedAt,
  });
  const story = await explain(git, "main", { application: "staging/shop" });
  assert.equal(story.delivery, deliveryId(held));
  assert.deepEqual(
    story.steps.map(({ outcome }) => outcome),
    ["progressing", "held"],
    "the refusal was another delivery",
  );
  assert.equal(story.next[0], "fix it by hand");
  const text = explainText(story, plain).join("\n");
  assert.match(text, /^staging\/shop {2}held {2}its rollback failed as well\n/);
  assert.match(text, /compared with \w{8}, which was proved healthy 2026-11-23 19:00:00 UTC/);
  assert.doesNotMatch(text.replaceAll("\n", ""), /\p{Cc}/u, "nothing steers the terminal");
});

test("a delivery is found by the beginning of its id or of its commit, what is newer is told, and what is well needs nothing", async (t) => {
  const { git, write, before, after } = await repository(t);
  const healthy = await write({ revision: before, startedAt: "2026-11-23T19:00:00.000Z" });
  const held = await write({ outcome: "held", message: "no" });
  for (const [which, meant] of [
    [{}, held],
    [{ delivery: after.commit.slice(0, 10) }, held],
    [{ delivery: deliveryId(healthy).slice(0, 8) }, healthy],
    [{ application: "staging/shop", delivery: before.commit }, healthy],
  ] as const) {
    assert.equal((await explain(git, "main", which)).delivery, deliveryId(meant), JSON.stringify(which));
  }
  const old = await explain(git, "main", { delivery: before.commit });
  assert.deepEqual([old.now?.outcome, old.now?.commit, old.next], ["held", after.commit, ["nothing: it is healthy"]]);
  assert.equal(old.cause.since, undefined, "nothing was healthy before it");
  for (const which of [
    { application: "staging/none" },
    { delivery: "ffff" },
    { application: "staging/shop", delivery: "ffff" },
  ]) {
    await assert.rejects(
      explain(git, "main", which),
      (error) => error instanceof ProblemError && error.problem.code === "delivery-not-found",
    );
  }
});

test("records of an engine that did not name deliveries are found by their commit", async (t) => {
  const { git, remote, write, after } = await repository(t);
  const record = await write({ outcome: "held", message: "no" });
  const tree = runGit(remote, "rev-parse", `${logBranch}^{tree}`);
  const message = `staging/shop: held\n\nPlumbline-Application: staging/shop\nPlumbline-Commit: ${after.commit}\nPlumbline-Outcome: held`;
  runGit(remote, "update-ref", `refs/heads/${logBranch}`, runGit(remote, "commit-tree", "-m", message, tree));
  await git.fetch();
  const story = await explain(git, "main", { delivery: after.commit });
  assert.deepEqual([story.delivery, story.steps.length], [deliveryId(record), 1]);
});
