import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { StatusDocument } from "../model/status-document.ts";
import { engineMeter } from "./delivery-meter.ts";
import { statusDocument } from "./document.ts";
import { metricsText } from "./metrics.ts";
import type { MetricsSource } from "./metrics.ts";
import { sampleApplication, sampleRecord, sampleSource } from "./sample-source-in-test.ts";

const nowMs = Date.parse("2026-01-01T00:10:00.000Z");

function textOf(document: StatusDocument, different: Partial<MetricsSource> = {}): string {
  const nothing = {
    requests: new Map(),
    leads: true,
    meter: engineMeter(),
    receivers: [],
    queue: { waiting: 0, working: 0 },
  };
  return metricsText({ document, ...nothing, ...different });
}

test("every line is a help, a type or a sample of the metric before it, and the text ends with a line feed", () => {
  const entry = {
    application: sampleApplication,
    record: sampleRecord({}),
    observation: { objects: [], pods: [] },
    history: [],
  };
  const meter = engineMeter();
  meter.count("plumbline_rollbacks_total", { application: "a", environment: "b" });
  meter.observe("plumbline_pass_duration_seconds", {}, 0.02);
  const receivers = [{ receiver: "github", waiting: 3 }];
  const text = textOf(statusDocument(sampleSource({ applications: [entry] }), nowMs), { meter, receivers });
  assert.ok(text.endsWith("\n"));
  let name = "";
  let isCounter = false;
  for (const line of text.trimEnd().split("\n")) {
    const help = /^# HELP ([a-z_]+) [A-Z0-9].+\.$/.exec(line);
    if (help) name = help[1] ?? "";
    else if (line.startsWith("#")) {
      assert.match(line, new RegExp(`^# TYPE ${name} (gauge|counter|histogram)$`));
      isCounter = line.endsWith("counter");
      assert.equal(isCounter, name.endsWith("_total"), `${name}: counters alone end in _total`);
    } else assert.match(line, new RegExp(`^${name}(_bucket|_sum|_count)?(\\{([a-z]+="[^"]*",?)+\\})? \\d+(\\.\\d+)?$`));
  }
  assert.match(
    text,
    /^plumbline_application_outcome\{application="staging\/shop",environment="staging",outcome="healthy"\} 1$/m,
  );
  assert.match(
    text,
    /^plumbline_application_outcome\{application="staging\/shop",environment="staging",outcome="failed"\} 0$/m,
  );
  assert.match(text, /^plumbline_application_in_sync\{application="staging\/shop",environment="staging"\} 1$/m);
  assert.match(text, /^plumbline_notifications_waiting\{receiver="github"\} 3$/m);
  assert.match(text, /^plumbline_pass_duration_seconds_bucket\{le="0.01"\} 0$/m);
  assert.match(text, /^plumbline_pass_duration_seconds_bucket\{le="0.025"\} 1$/m);
  assert.match(text, /^plumbline_pass_duration_seconds_bucket\{le="\+Inf"\} 1$/m);
});

test("the age of the last fetch is in seconds, and left out before the first", () => {
  const repository = { url: "/srv/shop.git", branch: "main", reachable: true };
  const fetchedAt = "2026-01-01T00:09:58.500Z";
  const at = (fetched: object): string =>
    textOf(statusDocument(sampleSource({ repository: { ...repository, ...fetched } }), nowMs));
  assert.match(at({ fetchedAt }), /^plumbline_repository_fetch_age_seconds 1\.5$/m);
  assert.doesNotMatch(at({}), /^plumbline_repository_fetch_age_seconds /m);
});

test("requests are counted by verb, resource and code, in one order", () => {
  const requests = new Map([
    ["PATCH deployments 200", 3],
    ["GET pods 0", 1],
  ]);
  const lines = textOf(statusDocument(sampleSource({}), nowMs), { requests }).split("\n");
  assert.deepEqual(
    lines.filter((line) => line.startsWith("plumbline_api_requests_total")),
    [
      'plumbline_api_requests_total{verb="GET",resource="pods",code="0"} 1',
      'plumbline_api_requests_total{verb="PATCH",resource="deployments",code="200"} 3',
    ],
  );
});

test("any label value is escaped so that it reads back as it was", () => {
  fc.assert(
    fc.property(fc.string(), (branch) => {
      const repository = { url: "u", branch, reachable: true };
      const text = textOf(statusDocument(sampleSource({ repository }), nowMs));
      const escaped = /^plumbline_repository_reachable\{branch="((?:[^"\\\n]|\\.)*)"\} 1$/mu.exec(text)?.[1];
      assert.ok(escaped !== undefined, text);
      assert.equal(
        escaped.replaceAll(/\\(.)/g, (_, one: string) => (one === "n" ? "\n" : one)),
        branch,
      );
    }),
  );
});
