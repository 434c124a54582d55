import assert from "node:assert/strict";
import { test } from "node:test";
import { commitMessage } from "./commit-message.ts";

function subject(text: string): string {
  return commitMessage(text, [], []).trimEnd();
}

test("a subject has 120 characters at most and is cut between words, unless that would leave less than half", () => {
  assert.equal(subject("a".repeat(120)), "a".repeat(120));
  assert.equal(subject("a".repeat(121)), `${"a".repeat(119)}…`);
  assert.equal(subject(`${"a".repeat(100)} ${"b".repeat(30)}`), `${"a".repeat(100)}…`);
  assert.equal(subject(`${"a".repeat(61)} ${"b".repeat(80)}`), `${"a".repeat(61)}…`);
  assert.equal(subject(`${"a".repeat(60)} ${"b".repeat(80)}`), `${"a".repeat(60)} ${"b".repeat(58)}…`);
  assert.equal(
    subject(`${"a".repeat(118)}😀${"b".repeat(9)}`),
    `${"a".repeat(118)}…`,
    "no half of a character is left",
  );
});

test("a paragraph has 72 characters a line at most, and a longer word a line of its own", () => {
  const body = (text: string): string => commitMessage("s", [text], []).split("\n\n")[1]?.trimEnd() ?? "";
  assert.equal(body(`${"a".repeat(35)} ${"b".repeat(36)}`), `${"a".repeat(35)} ${"b".repeat(36)}`);
  assert.equal(body(`${"a".repeat(36)} ${"b".repeat(36)}`), `${"a".repeat(36)}\n${"b".repeat(36)}`);
  assert.equal(body(`a ${"b".repeat(90)} c`), `a\n${"b".repeat(90)}\nc`);
});

test("parts that are empty leave no gap", () => {
  assert.equal(commitMessage("s", ["", " "], []), "s\n");
  assert.equal(commitMessage("s", ["", "b"], [["K", "v"]]), "s\n\nb\n\nK: v\n");
});
