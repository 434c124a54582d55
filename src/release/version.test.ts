import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { versionOf } from "./version.ts";

const commit = "0123456789abcdef0123456789abcdef01234567";

const cases: readonly (readonly [tags: readonly string[], version: string, tag: string])[] = [
  [[], "0123456", commit],
  [["v1.2.0"], "1.2.0", "v1.2.0"],
  [["1.2.0"], "1.2.0", "1.2.0"],
  [["v1.9.0", "v1.10.0", "v1.2.0"], "1.10.0", "v1.10.0"],
  [["v2.0.0-rc.10", "v2.0.0-rc.9", "v1.9.9"], "2.0.0-rc.10", "v2.0.0-rc.10"],
  [["v2.0.0-rc.1", "v2.0.0"], "2.0.0", "v2.0.0"],
  [["v2.0.0-rc", "v2.0.0-1"], "2.0.0-rc", "v2.0.0-rc"],
  [["zebra", "v0.1.0"], "0.1.0", "v0.1.0"],
  [["nightly", "zebra"], "zebra", "zebra"],
  [["release/1", "v1.0.0+build", "-x"], "0123456", commit],
  [["version"], "version", "version"],
];
for (const [tags, version, tag] of cases) {
  test(`the version of a commit with the tags [${tags.join(", ")}] is ${version}`, () => {
    assert.deepEqual(versionOf(commit, tags), { version, tag });
  });
}

test("the order of the tags does not matter", () => {
  const part = fc.constantFrom(
    "v1.0.0",
    "1.0.0",
    "v1.0",
    "v1.0.0-a",
    "v1.0.0-a.1",
    "v1.0.0-1",
    "v10.0.0",
    "x",
    "y.1",
    "v1.0.0-a.b",
  );
  fc.assert(
    fc.property(fc.uniqueArray(part), (tags) => {
      assert.deepEqual(versionOf(commit, tags), versionOf(commit, tags.toReversed()));
      assert.deepEqual(versionOf(commit, tags), versionOf(commit, tags.toSorted()));
    }),
  );
});
