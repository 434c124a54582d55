import { fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { playScenario } from "./play-scenario.ts";
import { disagreements, purposes, summary, table } from "./report.ts";
import { readTraces } from "./trace.ts";
import type { Verdict } from "./verdict.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    group: { type: "string" },
    scenario: { type: "string" },
    json: { type: "boolean", default: false },
    /** Of several processes that share the scenarios, which this one is: "0/2". */
    part: { type: "string" },
  },
});
const [folder] = positionals;
if (folder === undefined) {
  console.error("usage: npm run replay -- FOLDER [--group 04] [--scenario 04-12] [--json]");
  process.exit(2);
}
const chosen = readTraces(folder)
  .filter(({ group }) => group.startsWith(values.group ?? ""))
  .flatMap(({ group, scenarios }) => scenarios.map((scenario) => ({ group, scenario })))
  .filter(({ scenario }) => values.scenario === undefined || scenario.id === values.scenario);

const [part = 0, parts = Math.min(availableParallelism(), chosen.length)] = (values.part?.split("/") ?? []).map(Number);
if (values.part !== undefined) {
  for (let index = part; index < chosen.length; index += parts) {
    const { group, scenario } = chosen[index] ?? {};
    if (group !== undefined && scenario) process.send?.([index, await playScenario(group, scenario)]);
  }
  process.disconnect();
} else report((await Promise.all(Array.from({ length: parts }, (_, index) => playPart(`${index}/${parts}`)))).flat());

/** Plays one part in a process of its own; each scenario's verdicts with its place. */
function playPart(name: string): Promise<(readonly [number, readonly Verdict[]])[]> {
  return new Promise((resolve, reject) => {
    const played: (readonly [number, readonly Verdict[]])[] = [];
    const child = fork(fileURLToPath(import.meta.url), [...process.argv.slice(2), "--part", name]);
    child.on("message", (message) => played.push(message as (typeof played)[number]));
    child.on("exit", (code, signal) => {
      if (code === 0) resolve(played);
      else
        reject(new Error(`the process that played part ${name} ended early (${signal ?? code}): its output says why`));
    });
  });
}

function report(played: readonly (readonly [number, readonly Verdict[]])[]): void {
  const verdicts = played.toSorted(([a], [b]) => a - b).flatMap(([, own]) => own);
  const reasons = `differs on purpose, as cluster/README.md says:\n${purposes(verdicts)}`;
  if (values.json) console.log(JSON.stringify(verdicts, undefined, 1));
  else console.log([disagreements(verdicts), table(verdicts), reasons, summary(verdicts)].join("\n\n"));
  process.exitCode = verdicts.some(({ outcome }) => outcome === "disagreed") ? 1 : 0;
}
