import assert from "node:assert/strict";
import { test } from "node:test";
import type { Application } from "../model/application.ts";
import { formatProblem } from "../model/problem.ts";
import { awaitedId, checkAfter } from "./after.ts";

function checked(after: Readonly<Record<string, readonly string[]>>): Readonly<Record<string, readonly string[]>> {
  const all = Object.entries(after).map(([id, others]) => ({
    application: { id, path: id, after: others } as Application,
    problems: [],
  }));
  const found = checkAfter(all).map(({ application, problems }) => [application.id, problems.map(formatProblem)]);
  return Object.fromEntries(found) as Readonly<Record<string, readonly string[]>>;
}

test("a circle is refused with its names, and those outside of it are not", () => {
  const { a = [], b = [], c = [], d, e = [] } = checked({ a: ["b"], b: ["c"], c: ["a"], d: ["a"], e: ["e"] });
  assert.match(a[0] ?? "", /^a\/delivery\.yaml: after: a waits for b waits for c waits for a, so none/);
  assert.match(b[0] ?? "", /b waits for c waits for a waits for b/);
  assert.match(c[0] ?? "", /c waits for a waits for b waits for c/);
  assert.deepEqual(d, []);
  assert.match(e[0] ?? "", /e waits for e,/);
});

test("several ways to the same one are no circle", () => {
  assert.deepEqual(checked({ a: ["b", "c"], b: ["d"], c: ["d"], d: [] }), { a: [], b: [], c: [], d: [] });
});

test("an application that is not there is refused, and a bare name is of the same environment", () => {
  assert.match(checked({ a: ["z"] })["a"]?.[0] ?? "", /there is no application z/);
  assert.equal(awaitedId("database", "staging"), "staging/database");
  assert.equal(awaitedId("shared/database", "staging"), "shared/database");
});
