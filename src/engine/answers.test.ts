import assert from "node:assert/strict";
import { test } from "node:test";
import type { CheckOutcome } from "../model/health.ts";
import { Answers } from "./answers.ts";

/** Answers by a clock that the test turns, to checks that the test answers. */
function asked() {
  let nowMs = 0;
  const told: string[] = [];
  const open: ((outcome: CheckOutcome) => void)[] = [];
  const clock = { now: () => nowMs, at: () => () => undefined };
  const answers = new Answers(clock, (application) => told.push(application));
  const ask = () => new Promise<CheckOutcome>((resolve) => open.push(resolve));
  const latest = (about = "one", application = "staging/a") => answers.latest(application, about, ask);
  const reply = async (which: number, outcome: CheckOutcome): Promise<void> => {
    open[which]?.(outcome);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { answers, told, open, latest, reply, turnTo: (ms: number) => (nowMs = ms) };
}

const bad = { ok: false, message: "GET http://web/ answered 500" } as const;

test("nobody waits for an answer: it is told when it is there, and asked for again after a second (O5)", async () => {
  const { told, open, latest, reply, turnTo } = asked();
  assert.equal(latest(), undefined);
  assert.equal(latest(), undefined);
  assert.equal(open.length, 1, "one that hangs is not asked twice");
  turnTo(20_000);
  assert.equal(latest(), undefined);
  assert.equal(open.length, 1);
  await reply(0, bad);
  assert.deepEqual(told, ["staging/a"]);
  assert.deepEqual(latest(), bad);
  assert.equal(open.length, 1, "however long it took, it is fresh");
  turnTo(20_999);
  latest();
  assert.equal(open.length, 1);
  turnTo(21_000);
  assert.deepEqual(latest(), bad, "it stands until there is another");
  assert.equal(open.length, 2);
  await reply(1, { ok: true });
  assert.deepEqual(latest(), { ok: true });
});

test("an answer to something else is heard by nobody, and one application's says nothing of another's", async () => {
  const { answers, told, open, latest, reply } = asked();
  latest("one");
  assert.equal(latest("two"), undefined);
  assert.equal(latest("two", "staging/b"), undefined);
  assert.equal(open.length, 3, "what hangs keeps nothing else from being asked");
  await reply(0, bad);
  assert.deepEqual(told, []);
  assert.equal(latest("two"), undefined);
  await reply(1, { ok: true });
  assert.deepEqual(told, ["staging/a"]);
  assert.deepEqual(latest("two"), { ok: true });
  answers.forget("staging/b");
  await reply(2, bad);
  assert.deepEqual(told, ["staging/a"]);
  assert.equal(latest("two", "staging/b"), undefined);
});

test("what cannot even be asked is the trouble of the next pass, and of that alone", async () => {
  const { answers, told } = asked();
  const broken = () => answers.latest("staging/a", "one", () => Promise.reject(new Error("a defect")));
  assert.equal(broken(), undefined);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(told, ["staging/a"]);
  assert.throws(broken, /a defect/);
  assert.equal(broken(), undefined, "once");
});
