import assert from "node:assert/strict";
import { test } from "node:test";
import { shortened } from "./shortened.ts";

test("a text is cut at a word where it can be, and never within a character", () => {
  assert.equal(shortened("a b\n c", 10), "a b c");
  assert.equal(shortened("one two three four", 15), "one two three…");
  assert.equal(shortened("x".repeat(20), 10), `${"x".repeat(9)}…`);
  assert.equal(shortened("12345678🚀🚀", 10), "12345678…");
});
