import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import type { Git } from "../io/git/git.ts";
import { temporaryRepository } from "../io/git/temporary-repository-in-test.ts";
import { deliveryId } from "../model/delivery-id.ts";
import type { DeliveryRecord } from "../model/record.ts";
import { deliveryLog } from "./delivery-log.ts";
import { findDelivery } from "./find-delivery.ts";
import { sampleRecord } from "./sample-record-in-test.ts";

/** A record of one application at a commit that is named by one letter. */
function at(application: string, letter: string, different: Partial<DeliveryRecord> = {}): DeliveryRecord {
  const [environment = ""] = application.split("/");
  const { revision } = sampleRecord();
  const startedAt = `2026-11-23T20:0${letter.charCodeAt(0) % 10}:00.000Z`;
  const commit = letter.repeat(40);
  return sampleRecord({ application, environment, startedAt, revision: { ...revision, commit }, ...different });
}

/** Writes the records one after another, and a note of nobody between them. */
async function logOf(t: TestContext, ...records: readonly DeliveryRecord[]): Promise<Git> {
  const git = await temporaryRepository(t).open();
  const log = deliveryLog(git);
  for (const [index, record] of records.entries()) {
    const atMs = Date.parse("2026-11-23T20:10:00Z") + index * 1000;
    assert.equal((await log.write({ record, atMs, files: new Map() })).kind, "written");
    await log.note({ message: "the repository is in order again", atMs, files: new Map([["note", `${index}`]]) });
  }
  return git;
}

/** The outcomes of the steps, with whose they are. */
async function found(git: Git, which: Parameters<typeof findDelivery>[1] = {}): Promise<readonly string[]> {
  const steps = await findDelivery(git, which);
  return steps.map(({ record }) => `${record.application} ${record.revision.commit.slice(0, 1)} ${record.outcome}`);
}

test("without a name it is the last delivery that did not go well, from its beginning", async (t) => {
  const failing = [
    at("staging/one", "a", { outcome: "progressing" }),
    at("staging/one", "a", { outcome: "failed" }),
    at("staging/one", "a", { outcome: "rolled-back" }),
  ];
  const git = await logOf(t, at("staging/two", "b", { outcome: "held" }), ...failing, at("staging/two", "c"));
  assert.deepEqual(await found(git), [
    "staging/one a progressing",
    "staging/one a failed",
    "staging/one a rolled-back",
  ]);
  assert.deepEqual(await found(git, { application: "staging/two" }), ["staging/two b held"]);
  const steps = await findDelivery(git, {});
  assert.deepEqual(
    steps.map((step) => step.at),
    ["2026-11-23T20:10:01.000Z", "2026-11-23T20:10:02.000Z", "2026-11-23T20:10:03.000Z"],
  );
});

test("where all went well it is the newest", async (t) => {
  const git = await logOf(t, at("staging/one", "a"), at("staging/two", "b"), at("staging/one", "c"));
  assert.deepEqual(await found(git), ["staging/one c healthy"]);
  assert.deepEqual(await found(git, { application: "staging/two" }), ["staging/two b healthy"]);
  assert.deepEqual(await found(git, { application: "staging/three" }), []);
});

test("it is found by its id and by its commit, shortened or whole, and by nothing else", async (t) => {
  const first = at("staging/one", "a");
  const second = at("staging/one", "b", { outcome: "failed" });
  const other = at("staging/two", "a");
  const git = await logOf(t, first, other, second);
  const id = deliveryId(first);
  for (const delivery of [id, id.slice(0, 8)]) {
    assert.deepEqual(await found(git, { delivery }), ["staging/one a healthy"], delivery);
  }
  assert.deepEqual(await found(git, { delivery: "aaaaaaaa" }), ["staging/two a healthy"]);
  assert.deepEqual(await found(git, { delivery: "a".repeat(40), application: "staging/one" }), [
    "staging/one a healthy",
  ]);
  assert.deepEqual(await found(git, { delivery: "0".repeat(40) }), []);
  assert.deepEqual(await found(git, { delivery: id, application: "staging/two" }), []);
});

test("the same commit delivered again is another delivery", async (t) => {
  const again = at("staging/one", "a", { startedAt: "2026-11-24T08:00:00.000Z", outcome: "failed" });
  const git = await logOf(t, at("staging/one", "a"), again);
  assert.deepEqual(await found(git), ["staging/one a failed"]);
  assert.deepEqual(await found(git, { delivery: deliveryId(at("staging/one", "a")) }), ["staging/one a healthy"]);
});

test("without a delivery log there is nothing to be found", async (t) => {
  assert.deepEqual(await found(await temporaryRepository(t).open()), []);
});
