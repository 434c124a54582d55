import assert from "node:assert/strict";
import { test } from "node:test";
import type { Clock } from "../io/clock/clock.ts";
import { Queue } from "./queue.ts";

/** Timers that the test fires itself. */
class ManualClock implements Clock {
  time = 0;
  timers: { atMs: number; fire: () => void }[] = [];
  now(): number {
    return this.time;
  }
  at(atMs: number, then: () => void): () => void {
    const timer = { atMs, fire: then };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  }
  turnTo(ms: number): void {
    this.time = ms;
    for (const timer of this.timers.filter(({ atMs }) => atMs <= ms)) {
      this.timers = this.timers.filter((other) => other !== timer);
      timer.fire();
    }
  }
}

/** Work that the test ends itself. */
function gate() {
  const log: string[] = [];
  const open = new Map<string, () => void>();
  const work = (key: string): Promise<void> => {
    log.push(key);
    return new Promise((resolve) => open.set(key, resolve));
  };
  const finish = async (key: string): Promise<void> => {
    open.get(key)?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { log, work, finish };
}

test("one worker a key; what is added meanwhile runs once more", async () => {
  const { log, work, finish } = gate();
  const queue = new Queue(new ManualClock(), 4, work);
  queue.add("a");
  queue.add("a");
  queue.add("a");
  assert.deepEqual(log, ["a"]);
  await finish("a");
  assert.deepEqual(log, ["a", "a"]);
  await finish("a");
  assert.deepEqual(log, ["a", "a"]);
});

test("who waits for what is done elsewhere keeps no worker from others, and its key for itself", async () => {
  const { log, work, finish } = gate();
  let arrive = (): void => undefined;
  const far = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  const queue = new Queue(new ManualClock(), 1, (key) =>
    key === "a" ? queue.aside(key, far).then(() => work(key)) : work(key),
  );
  for (const key of ["a", "b", "c"]) queue.add(key);
  assert.deepEqual(log, ["b"]);
  arrive();
  await finish("b");
  assert.deepEqual(log, ["b", "a"], "it is one worker again");
  await finish("a");
  assert.deepEqual(log, ["b", "a", "c"]);
});

test("no more than the given number run at once, and a busy key does not keep others waiting", async () => {
  const { log, work, finish } = gate();
  const queue = new Queue(new ManualClock(), 2, work);
  for (const key of ["a", "a", "b", "c"]) queue.add(key);
  assert.deepEqual(log, ["a", "b"]);
  await finish("b");
  assert.deepEqual(log, ["a", "b", "c"]);
});

test("of several times the earliest counts", () => {
  const clock = new ManualClock();
  const { log, work } = gate();
  const queue = new Queue(clock, 1, work);
  queue.addAt("a", 50);
  queue.addAt("a", 20);
  queue.addAt("a", 80);
  clock.turnTo(19);
  assert.deepEqual(log, []);
  clock.turnTo(20);
  assert.deepEqual(log, ["a"]);
  assert.equal(clock.timers.length, 0);
});

test("a time counts until the key is worked on, which says anew when to look again", async () => {
  const clock = new ManualClock();
  const { log, work, finish } = gate();
  const queue = new Queue(clock, 1, work);
  queue.addAt("a", 50);
  queue.add("a");
  queue.addAt("a", 90);
  await finish("a");
  clock.turnTo(89);
  assert.deepEqual(log, ["a"], "the time of before is no more");
  clock.turnTo(90);
  assert.deepEqual(log, ["a", "a"]);
});

test("stop waits for what runs and forgets the rest", async () => {
  const { log, work, finish } = gate();
  const queue = new Queue(new ManualClock(), 1, work);
  queue.add("a");
  queue.add("b");
  const stopped = queue.stop();
  await finish("a");
  await stopped;
  assert.deepEqual(log, ["a"]);
});
