import assert from "node:assert/strict";
import { test } from "node:test";
import { formatProblem } from "../model/problem.ts";
import { readConfiguration } from "../model/read-configuration.ts";
import { applicationSchema } from "./delivery-schema.ts";
import { defaultPolicy, overridePolicy } from "./policy.ts";

test("a canary soaks as long as it says, else as long as the rollout, and can be taken back", () => {
  const environment = overridePolicy(defaultPolicy, { soak: "20s", canary: { share: "20%" } });
  assert.deepEqual(environment.canary, { share: 20, soakMs: 20_000 });
  assert.deepEqual(overridePolicy(environment, { deadline: "1m" }).canary, environment.canary);
  assert.deepEqual(overridePolicy(environment, { canary: { share: "100%", soak: "1m" } }).canary, {
    share: 100,
    soakMs: 60_000,
  });
  assert.equal("canary" in overridePolicy(environment, { canary: false }), false);
  assert.equal("canary" in defaultPolicy, false);
});

test("lines of logs are told only where Git says so, and can be taken back", () => {
  const environment = overridePolicy(defaultPolicy, { logLines: 5 });
  assert.equal(environment.logLines, 5);
  assert.equal(overridePolicy(environment, {}).logLines, 5);
  assert.equal("logLines" in overridePolicy(environment, { logLines: 0 }), false);
});

test("a check says only what Git says", () => {
  const checks = [
    { http: "http://web/" },
    { prometheus: "http://p.m", query: "{pods}", compare: { atMost: 2 }, failAfter: "10s" },
    { prometheus: "http://p.m", query: "up", above: 0 },
  ];
  assert.deepEqual(overridePolicy(defaultPolicy, { checks }).checks, [
    { http: "http://web/", expect: { status: 200, json: {} } },
    { prometheus: "http://p.m", query: "{pods}", compare: { atMost: 2 }, failAfterMs: 10_000 },
    { prometheus: "http://p.m", query: "up", above: 0 },
  ]);
});

test("a canary that is neither false nor a share is refused with what it can be", () => {
  for (const wrong of ["true", "20%", "{ soak: 10s }"]) {
    const text = `rollout:\n  canary: ${wrong}\n`;
    const read = readConfiguration("delivery.yaml", Buffer.from(text), applicationSchema);
    const said = read.ok ? "" : read.problems.map(formatProblem).join("\n");
    assert.match(said, /^delivery\.yaml:2: rollout\.canary.*: must be (false, or have )?a share/, wrong);
  }
});
