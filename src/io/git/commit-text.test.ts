import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseCommit } from "./commit-text.ts";

function commit(message: string, committer = "C <c@d> 1700000000 +0100"): Buffer {
  const head = `tree ${"1".repeat(40)}\nparent ${"2".repeat(40)}\nparent ${"3".repeat(40)}\nauthor Ä B <a@b> 1 +0000\ncommitter ${committer}\ngpgsig -----BEGIN\n tree evil\n parent evil\n`;
  return Buffer.from(`${head}\n${message}`);
}

test("headers, subject and trailers are read; a signature's lines are not headers", () => {
  const info = parseCommit("x", commit("Subject\n\nBody: of text\n\nKey-One: a\nKey-Two: b\n  more\n"));
  assert.deepEqual([info.tree, info.parents.length, info.author], ["1".repeat(40), 2, "Ä B <a@b>"]);
  assert.equal(info.committedAt, "2023-11-14T22:13:20.000Z");
  assert.equal(info.subject, "Subject");
  assert.deepEqual(info.trailers, { "Key-One": "a", "Key-Two": "b more" });
});

test("a last paragraph that is prose has no trailers, nor has a subject alone", () => {
  for (const message of ["Key: value", "Subject\n\nKey: value\nand prose", "", "\n\n", "Subject\n\n"]) {
    assert.deepEqual(parseCommit("x", commit(message)).trailers, {}, message);
  }
});

test("no commit makes it throw", () => {
  const committers = fc.oneof(fc.string(), fc.constantFrom("x 99999999999999999999 +0000", "C <c> -1 +0000", ""));
  fc.assert(
    fc.property(fc.string(), committers, (message, committer) => {
      const info = parseCommit("x", commit(message, committer));
      assert.match(info.committedAt, /^\d{4}-/);
    }),
  );
  parseCommit("x", Buffer.from(""));
});
