import assert from "node:assert/strict";
import { test } from "node:test";
import { randomFrom } from "../../cluster/faults/fault.ts";
import { storm } from "./storm.ts";

test("two engines come through a storm: Git and cluster agree, no request failed, one rollback a failure", async (t) => {
  const seed = Number(process.env["PLUMB_SEED"] ?? Date.now() % 1_000_000);
  t.diagnostic(`seed ${seed}: PLUMB_SEED=${seed} repeats what happens, though not what comes of it`);
  const told: string[] = [];
  const tell = (text: string): void => void told.push(text);
  const accusations = await storm({ random: randomFrom(seed), rounds: 1, secondsEach: 40, tell, signal: t.signal });
  assert.deepEqual(accusations, [], told.join("\n"));
});
