import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { anyHistory } from "./history/any-history.ts";
import { play } from "./history/play.ts";
import { again, report } from "./report.ts";

/** The same ones each time, so that a failure is of the change at hand; `npm run simulate` plays new ones. */
const seed = 6;

test("random histories end with the cluster equal to Git, or held with a reason, and nothing ever done that must not be", async () => {
  const property = fc.asyncProperty(anyHistory(20), async (history) => (await play(history)).accusations.length === 0);
  const result = await fc.check(property, { numRuns: 10, seed });
  const [history] = result.counterexample ?? [];
  assert.equal(
    history && `${report(history, await play(history))}\n${again(result.seed, result.counterexamplePath)}`,
    undefined,
  );
});

test("a history happens in the same way each time it is played", async () => {
  const [history] = fc.sample(anyHistory(20), { numRuns: 1, seed });
  assert.ok(history);
  assert.deepEqual((await play(history)).chronicle, (await play(history)).chronicle);
});
