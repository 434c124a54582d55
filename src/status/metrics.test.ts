import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { statusDocument } from "./document.ts";
import { metricsText } from "./metrics.ts";
import { sampleApplication, sampleRecord, sampleSource } from "./sample-source.ts";

const nowMs = Date.parse("2026-01-01T00:10:00.000Z");
const noRequests: ReadonlyMap<string, number> = new Map();

test("every line is a help, a type or a sample of the metric before it, and the text ends with a line feed", () => {
  const entry = {
    application: sampleApplication,
    record: sampleRecord({}),
    observation: { objects: [], pods: [] },
    history: [],
  };
  const text = metricsText(statusDocument(sampleSource({ applications: [entry] }), nowMs), noRequests, true);
  assert.ok(text.endsWith("\n"));
  let name = "";
  for (const line of text.trimEnd().split("\n")) {
    const help = /^# HELP ([a-z_]+) .+$/.exec(line);
    if (help) name = help[1] ?? "";
    else if (line.startsWith("#")) assert.match(line, new RegExp(`^# TYPE ${name} (gauge|counter)$`));
    else assert.match(line, new RegExp(`^${name}(\\{([a-z]+="[^"]*",?)+\\})? \\d+(\\.\\d+)?$`));
  }
  assert.match(text, /^plumbline_application_outcome\{application="staging\/shop",outcome="healthy"\} 1$/m);
  assert.match(text, /^plumbline_application_outcome\{application="staging\/shop",outcome="failed"\} 0$/m);
  assert.match(text, /^plumbline_application_in_sync\{application="staging\/shop"\} 1$/m);
});

test("the age of the last fetch is in seconds, and left out before the first", () => {
  const repository = { url: "/srv/shop.git", branch: "main", reachable: true };
  const fetchedAt = "2026-01-01T00:09:58.500Z";
  const at = (fetched: object): string =>
    metricsText(statusDocument(sampleSource({ repository: { ...repository, ...fetched } }), nowMs), noRequests, true);
  assert.match(at({ fetchedAt }), /^plumbline_repository_fetch_age_seconds 1\.5$/m);
  assert.doesNotMatch(at({}), /^plumbline_repository_fetch_age_seconds /m);
});

test("requests are counted by verb and resource, in one order", () => {
  const requests = new Map([
    ["PATCH deployments", 3],
    ["GET pods", 1],
  ]);
  const lines = metricsText(statusDocument(sampleSource({}), nowMs), requests, false).split("\n");
  assert.deepEqual(
    lines.filter((line) => line.startsWith("plumbline_api_requests_total")),
    [
      'plumbline_api_requests_total{verb="GET",resource="pods"} 1',
      'plumbline_api_requests_total{verb="PATCH",resource="deployments"} 3',
    ],
  );
});

test("any label value is escaped so that it reads back as it was", () => {
  fc.assert(
    fc.property(fc.string(), (branch) => {
      const repository = { url: "u", branch, reachable: true };
      const text = metricsText(statusDocument(sampleSource({ repository }), nowMs), noRequests, true);
      const escaped = /^plumbline_repository_reachable\{branch="((?:[^"\\\n]|\\.)*)"\} 1$/mu.exec(text)?.[1];
      assert.ok(escaped !== undefined, text);
      assert.equal(
        escaped.replaceAll(/\\(.)/g, (_, one: string) => (one === "n" ? "\n" : one)),
        branch,
      );
    }),
  );
});
