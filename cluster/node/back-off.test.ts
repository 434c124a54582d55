import assert from "node:assert/strict";
import { test } from "node:test";
import { TurnedClock } from "../turned-clock.ts";
import { BackOff, goDuration } from "./back-off.ts";

test("The first restart is at once, then 10 s doubling to 5 min, as the kubelet's", async () => {
  const clock = new TurnedClock();
  const backOff = new BackOff(clock);
  const delays: number[] = [];
  for (let failure = 0; failure < 8; failure += 1) {
    const failedMs = clock.now();
    delays.push(backOff.readyAt(failedMs) - failedMs);
    await clock.advance(backOff.readyAt(failedMs) - failedMs);
    backOff.next(failedMs);
  }
  assert.deepEqual(
    delays.map((ms) => ms / 1000),
    [0, 10, 20, 40, 80, 160, 300, 300],
  );
});

test("After 10 quiet minutes the back-off starts anew", async () => {
  const clock = new TurnedClock();
  const backOff = new BackOff(clock);
  backOff.next(clock.now());
  backOff.next(clock.now());
  await clock.advance(600_000);
  assert.equal(backOff.readyAt(clock.now()) - clock.now(), 20_000, "not yet forgotten");
  await clock.advance(1000);
  assert.equal(backOff.readyAt(clock.now()), clock.now());
  backOff.next(clock.now());
  assert.equal(backOff.delayMs, 10_000);
});

test("Durations are written as Go writes them", () => {
  assert.deepEqual([10_000, 80_000, 160_000, 300_000, 3_600_000].map(goDuration), [
    "10s",
    "1m20s",
    "2m40s",
    "5m0s",
    "1h0m0s",
  ]);
});
