import assert from "node:assert/strict";
import { test } from "node:test";
import { TurnedClock } from "../turned-clock.ts";
import { WorkQueue } from "./work-queue.ts";

function queueOf(sync: (key: string) => Promise<void>): { queue: WorkQueue; clock: TurnedClock; errors: unknown[] } {
  const clock = new TurnedClock();
  const errors: unknown[] = [];
  return { queue: new WorkQueue({ clock, sync, report: (_, error) => errors.push(error) }), clock, errors };
}

test("a key that is added often runs once, and again when it is added meanwhile", async () => {
  const runs: string[] = [];
  const { queue, clock } = queueOf(async (key) => {
    runs.push(key);
    if (runs.length === 1) queue.add("a");
  });
  for (const key of ["a", "b", "a", "a"]) queue.add(key);
  await clock.advance(0);
  assert.deepEqual(runs, ["a", "b", "a"]);
});

test("a failure comes back later and later, and success starts anew", async () => {
  const times: number[] = [];
  let failing = true;
  const { queue, clock, errors } = queueOf(async () => {
    times.push(clock.now());
    if (failing) throw new Error("no");
  });
  const start = clock.now();
  queue.add("a");
  await clock.advance(40);
  assert.deepEqual(
    times.map((time) => time - start),
    [0, 5, 15, 35],
  );
  failing = false;
  await clock.advance(1000);
  assert.equal(times.length, 5);
  assert.equal(errors.length, 4);
});

test("of several moments the earliest counts, and nothing runs after the stop", async () => {
  let runs = 0;
  const { queue, clock } = queueOf(async () => {
    runs += 1;
  });
  queue.addAt("a", clock.now() + 500);
  queue.addAt("a", clock.now() + 100);
  queue.addAt("a", clock.now() + 900);
  await clock.advance(150);
  assert.equal(runs, 1);
  queue.addAt("b", clock.now() + 10);
  queue.stop();
  queue.add("c");
  await clock.advance(1000);
  assert.equal(runs, 1);
});
