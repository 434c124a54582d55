import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { commandOf, findPackages } from "../io/registry/network/debian-program-in-test.ts";
import { debianProgram } from "../../tools/kubernetes/packages.ts";
import { countNews, engineMeter } from "./delivery-meter.ts";
import { statusDocument } from "./document.ts";
import { metricsText } from "./metrics.ts";
import { noticesBetween } from "./notices.ts";
import { sampleApplication, sampleRecord, sampleSource } from "./sample-source-in-test.ts";

const tool = debianProgram("promtool", ["promtool", "libc6"]);

test("Prometheus' own tool takes the metrics, the rules and the alerts, and they tell what they must", async (t) => {
  const found = await findPackages(tool);
  if (typeof found !== "string") return t.skip(found.message);
  const [program, ...first] = await commandOf(found, "usr/bin/promtool");
  const promtool = (input: string, ...args: readonly string[]): string =>
    execFileSync(program, [...first, ...args], { input, encoding: "utf8" });
  assert.match(promtool("", "check", "rules", "docs/monitoring/rules.yaml", "docs/monitoring/alerts.yaml"), /SUCCESS/);
  assert.match(promtool("", "test", "rules", "docs/monitoring/rules.test.yaml"), /SUCCESS/);
  const meter = engineMeter();
  const record = sampleRecord({});
  const before = sampleRecord({ outcome: "progressing", reason: "Applying" });
  countNews(meter, noticesBetween(before, record), [record], before);
  meter.observe("plumbline_pass_duration_seconds", {}, 0.2);
  const entry = { application: sampleApplication, record, observation: { objects: [], pods: [] }, history: [record] };
  const text = metricsText({
    document: statusDocument(sampleSource({ applications: [entry] }), Date.parse("2026-01-01T00:10:00Z")),
    requests: new Map([["PATCH deployments 200", 3]]),
    leads: true,
    meter,
    receivers: [{ receiver: "github", waiting: 0 }],
    queue: { waiting: 0, working: 1 },
  });
  assert.match(text, /^plumbline_deliveries_total\{.*kind="commit",outcome="healthy"\} 1$/m);
  assert.equal(promtool(text, "check", "metrics"), "", "it has nothing to complain of");
});
