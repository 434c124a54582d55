import assert from "node:assert/strict";
import { test } from "node:test";
import { inTurns } from "./in-turns.ts";

test("what comes during a turn is the next one, and each is answered for itself", async () => {
  const turns: (readonly number[])[] = [];
  let end = (): void => {};
  const ask = inTurns(
    async (asked: readonly number[]) => {
      turns.push(asked);
      if (turns.length === 1) await new Promise<void>((resolve) => (end = resolve));
      return asked.map((one) => one * 10);
    },
    () => false,
  );
  const first = ask(1);
  await Promise.resolve();
  const later = [2, 3].map((one) => ask(one));
  end();
  assert.deepEqual(await Promise.all([first, ...later, ask(4)]), [10, 20, 30, 40]);
  assert.deepEqual(turns, [[1], [2, 3, 4]]);
});

test("nobody's trouble becomes another's: what throws or is refused together is done one by one", async () => {
  const turns: (readonly string[])[] = [];
  const ask = inTurns(
    async (asked: readonly string[]) => {
      turns.push(asked);
      if (asked.includes("throws")) throw new Error("it throws");
      return asked.map((one) => (asked.includes("refused") ? "no" : one));
    },
    (answer) => answer === "no",
  );
  const outcomes = async (...asked: readonly string[]) =>
    (await Promise.allSettled(asked.map((one) => ask(one)))).map((one) =>
      one.status === "fulfilled" ? one.value : String(one.reason),
    );
  assert.deepEqual(await outcomes("a", "throws", "b"), ["a", "Error: it throws", "b"]);
  assert.deepEqual(await outcomes("a", "refused"), ["a", "no"]);
  assert.deepEqual(await outcomes("c", "d"), ["c", "d"]);
  assert.deepEqual(turns.at(-1), ["c", "d"]);
});
