import assert from "node:assert/strict";
import { test } from "node:test";
import type { Clock } from "../io/clock/clock.ts";
import type { Notice, Receiver, Told } from "../model/notice.ts";
import { noticesAgain } from "./notices.ts";
import { Outbox } from "./outbox.ts";
import type { OutboxOptions } from "./outbox.ts";
import { sampleRecord } from "./sample-source-in-test.ts";

/** A clock that is turned by hand. */
function handClock(): Clock & { readonly turn: (ms: number) => void } {
  let nowMs = 0;
  let timers: readonly { readonly atMs: number; readonly call: () => void }[] = [];
  return {
    now: () => nowMs,
    at(atMs, call) {
      const timer = { atMs, call };
      timers = [...timers, timer];
      return () => {
        timers = timers.filter((one) => one !== timer);
      };
    },
    turn(ms) {
      nowMs += ms;
      const due = timers.filter(({ atMs }) => atMs <= nowMs);
      timers = timers.filter(({ atMs }) => atMs > nowMs);
      for (const { call } of due) call();
    },
  };
}

const [sample] = noticesAgain([sampleRecord({})]);
assert.ok(sample);
const notice = (
  application: string,
  commit: string,
  outcome: Notice["outcome"],
  id = `${commit}${outcome}`,
): Notice => ({
  ...sample,
  application,
  commit,
  outcome,
  id,
});
const problem = { code: "x", message: "no" };
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A receiver that answers what the script says next, and then that it was told. */
function scripted(script: Told[], options: Partial<OutboxOptions> = {}) {
  const heard: string[] = [];
  const clock = handClock();
  const receiver: Receiver = {
    name: "test",
    wants: ({ type }) => type === "delivery",
    tell(one, again) {
      heard.push(`${one.application} ${one.commit} ${one.outcome}${again ? " again" : ""}`);
      return Promise.resolve(script.shift() ?? { kind: "told" });
    },
  };
  const outbox = new Outbox(receiver, { clock, random: () => 0.999, ...options });
  return { heard, clock, outbox };
}

test("notices of one application are told in order, each until it got through", async () => {
  const { heard, clock, outbox } = scripted([{ kind: "later", problem }]);
  outbox.add(notice("a", "1", "healthy"));
  outbox.add(notice("a", "2", "progressing"));
  await settled();
  assert.deepEqual(heard, ["a 1 healthy"]);
  assert.equal(outbox.waiting(), 2);
  clock.turn(400);
  await settled();
  assert.equal(heard.length, 1, "not before its time");
  clock.turn(700);
  await settled();
  assert.deepEqual(heard, ["a 1 healthy", "a 1 healthy", "a 2 progressing"]);
  assert.equal(outbox.waiting(), 0);
});

test("a newer state of the same commit takes the place of what waits, also of what just failed to get through", async () => {
  const { heard, clock, outbox } = scripted([{ kind: "later", problem }]);
  outbox.add(notice("a", "1", "progressing"));
  outbox.add(notice("a", "1", "failed"));
  outbox.add(notice("a", "1", "rolled-back"));
  await settled();
  clock.turn(1000);
  await settled();
  assert.deepEqual(heard, ["a 1 progressing", "a 1 rolled-back"]);
});

test("one application's trouble holds up no other, and what will never be taken holds up nothing", async () => {
  const { heard, outbox } = scripted([
    { kind: "later", problem },
    { kind: "never", problem },
  ]);
  outbox.add(notice("a", "1", "healthy"));
  outbox.add(notice("b", "1", "healthy"), true);
  outbox.add(notice("b", "2", "healthy"));
  await settled();
  assert.deepEqual(heard, ["a 1 healthy", "b 1 healthy again", "b 2 healthy"]);
});

test("a receiver that asks for quiet gets it from all, and waits grow while nothing gets through", async () => {
  const { heard, clock, outbox } = scripted([
    { kind: "later", problem, afterMs: 60_000 },
    { kind: "later", problem },
    { kind: "later", problem },
  ]);
  outbox.add(notice("a", "1", "healthy"));
  await settled();
  outbox.add(notice("b", "1", "healthy"));
  await settled();
  clock.turn(59_000);
  await settled();
  assert.equal(heard.length, 1);
  clock.turn(1000);
  await settled();
  assert.equal(heard.length, 3, "both are tried when the time is over");
  clock.turn(1100);
  await settled();
  assert.deepEqual(
    heard.slice(3),
    ["b 1 healthy"],
    "the one that failed twice waits longer than the one that failed once",
  );
});

test("what waits is bounded; the oldest gives way and is named", async () => {
  const dropped: string[] = [];
  const never = new Promise<Told>(() => undefined);
  const { outbox } = scripted([], { mostWaiting: 3, onDropped: ({ commit }) => dropped.push(commit) });
  const hanging = new Outbox(
    { name: "hangs", wants: () => true, tell: () => never },
    { clock: handClock(), random: () => 0, mostWaiting: 3, onDropped: ({ commit }) => dropped.push(commit) },
  );
  for (const commit of ["0", "1", "2", "3", "4", "5"]) hanging.add(notice("a", commit, "healthy"));
  assert.deepEqual(dropped, ["1", "2"]);
  assert.equal(hanging.waiting(), 4, "one is being told, three wait");
  outbox.add({ ...notice("a", "1", "healthy"), type: "drift" });
  assert.equal(outbox.waiting(), 0, "what a receiver does not want is not kept for it");
});

test("stopped, it ends what is under way and tells nothing more", async () => {
  let aborted = false;
  const receiver: Receiver = {
    name: "test",
    wants: () => true,
    tell: (_, __, signal) =>
      new Promise((resolve) => {
        signal.addEventListener("abort", () => {
          aborted = true;
          resolve({ kind: "later", problem });
        });
      }),
  };
  const outbox = new Outbox(receiver, { clock: handClock(), random: () => 0 });
  outbox.add(notice("a", "1", "healthy"));
  await outbox.stop();
  assert.ok(aborted);
  outbox.add(notice("a", "2", "healthy"));
  assert.equal(outbox.waiting(), 0);
});

test("what a person must mend is tried for an hour, then with what is new, and every six hours", async () => {
  const refused = (): Told => ({ kind: "later", problem, needsPerson: true });
  const script = Array.from({ length: 100 }, refused);
  const kinds: string[] = [];
  const { heard, clock, outbox } = scripted(script, { onTold: (one, { kind }) => kinds.push(`${one.commit} ${kind}`) });
  const turn = async (ms: number): Promise<void> => {
    clock.turn(ms);
    await settled();
  };
  outbox.add(notice("a", "1", "healthy"));
  outbox.add(notice("a", "2", "healthy"));
  await settled();
  while (kinds.at(-1) === "1 later" && heard.length < 50) await turn(300_000);
  assert.equal(heard.length, 14, "once at first, and every five minutes of an hour");
  assert.deepEqual(kinds.slice(-2), ["1 never", "2 resting"], "the older one holds up nothing");
  assert.equal(outbox.waiting(), 1, "it is still to be told");
  await turn(6 * 3_600_000 - 1);
  assert.equal(heard.length, 14);
  await turn(1);
  assert.equal(kinds.at(-1), "2 resting");

  outbox.add(notice("a", "3", "progressing"));
  await settled();
  assert.deepEqual(kinds.slice(-2), ["2 never", "3 resting"], "what is new is tried at once");
  script.length = 0;
  outbox.add(notice("a", "4", "progressing"));
  await settled();
  assert.deepEqual(kinds.slice(-2), ["3 told", "4 told"]);
  assert.equal(outbox.waiting(), 0);

  script.push(refused());
  outbox.add(notice("a", "4", "healthy"));
  await settled();
  assert.equal(kinds.at(-1), "4 later", "the hour begins anew");
});

test("a forge that is down is no matter of rights: it is tried on", async () => {
  const { heard, clock, outbox } = scripted(Array.from({ length: 40 }, () => ({ kind: "later", problem })));
  outbox.add(notice("a", "1", "healthy"));
  for (let tries = 0; tries < 30; tries += 1) {
    await settled();
    clock.turn(300_000);
  }
  await settled();
  assert.equal(heard.length, 31);
});
