import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "../model/json.ts";
import type { KubeObject } from "../model/kube-object.ts";
import { refOf } from "../model/kube-object.ts";
import type { Manifest } from "../model/manifest.ts";
import { nameHooks } from "./name-hooks.ts";

const tree = "0123456789abcdef0123456789abcdef01234567";

function job(name: string, hook?: string, spec: JsonObject = {}, kind = "Job"): Manifest {
  const annotations = hook === undefined ? {} : { annotations: { "plumbline.dev/hook": hook } };
  const object: KubeObject = { apiVersion: "batch/v1", kind, metadata: { name, ...annotations }, spec };
  return { ref: refOf(object), object, where: { file: "jobs.yaml", line: 4 } };
}

test("a hook is named for the tree, and nothing else is", () => {
  const named = nameHooks([job("migrate", "before"), job("plain")], tree);
  assert.ok(named.ok);
  assert.deepEqual(
    named.value.map(({ ref, object }) => [ref.name, object.metadata.name]),
    [
      ["migrate-01234567", "migrate-01234567"],
      ["plain", "plain"],
    ],
  );
});

test("a hook that cannot be one is refused at its line", () => {
  const cases: readonly (readonly [Manifest, RegExp])[] = [
    [job("a", "before", {}, "CronJob"), /CronJob a cannot be a hook/],
    [job("a", "pre"), /Job a has plumbline\.dev\/hook: "pre"/],
    [job("a".repeat(55), "after"), /54 characters/],
    [job("a", "after", { ttlSecondsAfterFinished: 0 }), /would run again whenever ttlSecondsAfterFinished/],
  ];
  for (const [manifest, message] of cases) {
    const result = nameHooks([manifest], tree);
    assert.ok(!result.ok);
    assert.match(result.problems[0]?.message ?? "", message);
    assert.equal(result.problems[0]?.where?.line, 4);
  }
  assert.ok(nameHooks([job("a".repeat(54), "after")], tree).ok);
});
