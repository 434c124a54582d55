import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { load } from "js-yaml";
import { engineMeter } from "./delivery-meter.ts";
import { statusDocument } from "./document.ts";
import { metricsText } from "./metrics.ts";
import { sampleSource } from "./sample-source-in-test.ts";

interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
}

const rulesOf = (file: string): readonly Rule[] =>
  (
    load(readFileSync(`docs/monitoring/${file}`, "utf8")) as { groups: readonly { rules: readonly Rule[] }[] }
  ).groups.flatMap(({ rules }) => rules);

test("rules and alerts ask for metrics that there are, and the guide says what to do about each alert", () => {
  const document = statusDocument(sampleSource({}), 0);
  const queue = { waiting: 0, working: 0 };
  const text = metricsText({ document, requests: new Map(), leads: true, meter: engineMeter(), receivers: [], queue });
  const types = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = "", type = ""]) => [name, type]));
  const guide = readFileSync("docs/guides/operations.md", "utf8");
  const rules = [...rulesOf("rules.yaml"), ...rulesOf("alerts.yaml")];
  assert.ok(rules.length > 10);
  for (const { alert, record, expr } of rules) {
    const names = [...expr.matchAll(/\bplumbline_[a-z_]+/g)].map(([name]) => name);
    assert.ok(names.length > 0, expr);
    for (const name of names) {
      const base = types.get(name.replace(/_bucket$/, "")) === "histogram" ? name.replace(/_bucket$/, "") : name;
      assert.ok(types.has(base), `${alert ?? record}: there is no metric ${name}`);
    }
    if (alert !== undefined) assert.ok(guide.includes(`### ${alert}\n`), `docs/guides/operations.md has no ${alert}`);
  }
  for (const name of types.keys()) assert.ok(guide.includes(`\`${name}\``), `docs/guides/operations.md has no ${name}`);
});
