import { parseArgs } from "node:util";
import { playScenario } from "./play-scenario.ts";
import { disagreements, purposes, summary, table } from "./report.ts";
import { readTraces } from "./trace.ts";
import type { Verdict } from "./verdict.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { group: { type: "string" }, scenario: { type: "string" }, json: { type: "boolean", default: false } },
});
const [folder] = positionals;
if (folder === undefined) {
  console.error("usage: npm run replay -- FOLDER [--group 04] [--scenario 04-12] [--json]");
  process.exit(2);
}
const verdicts: Verdict[] = [];
for (const { group, scenarios } of readTraces(folder)) {
  if (values.group !== undefined && !group.startsWith(values.group)) continue;
  for (const scenario of scenarios) {
    if (values.scenario !== undefined && scenario.id !== values.scenario) continue;
    verdicts.push(...(await playScenario(group, scenario)));
  }
}
if (values.json) console.log(JSON.stringify(verdicts, undefined, 1));
else {
  const reasons = `differs on purpose, as cluster/README.md says:\n${purposes(verdicts)}`;
  console.log([disagreements(verdicts), table(verdicts), reasons, summary(verdicts)].join("\n\n"));
}
process.exitCode = verdicts.some(({ outcome }) => outcome === "disagreed") ? 1 : 0;
