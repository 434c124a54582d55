import assert from "node:assert/strict";
import { test } from "node:test";
import { duplicateKeys } from "./duplicate-keys.ts";

test("keys that stand twice are named by their path", () => {
  assert.deepEqual(duplicateKeys('{"a":1,"b":{"c":1,"c":2},"l":[{"x":"a"},{"x":"}","x":2}],"a":"{"}'), [
    "b.c",
    "l[1].x",
    "a",
  ]);
  assert.deepEqual(duplicateKeys('{"a":{"k":1},"b":{"k":1},"c":["a","a"],"d":"\\"d\\":1"}'), []);
});
