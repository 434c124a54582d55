import { parseArgs } from "node:util";
import fc from "fast-check";
import { anyHistory } from "./history/any-history.ts";
import { play } from "./history/play.ts";
import { again, report } from "./report.ts";

/** `npm run simulate`: plays random histories until one goes wrong, and prints that one as small as it can be made. */
const { values } = parseArgs({
  options: {
    histories: { type: "string", default: "100" },
    steps: { type: "string", default: "25" },
    seed: { type: "string" },
    path: { type: "string" },
    /** Prints the first history that goes wrong as it is. */
    whole: { type: "boolean", default: false },
  },
});
const startMs = Date.now();
let played = 0;
const property = fc.asyncProperty(anyHistory(Number(values.steps)), async (history) => {
  const { accusations } = await play(history);
  played += 1;
  if (played % 50 === 0) console.error(`${played} histories, ${seconds()}`);
  return accusations.length === 0;
});
const result = await fc.check(property, {
  numRuns: Number(values.histories),
  seed: Number(values.seed ?? startMs % 1_000_000_000),
  endOnFailure: values.whole,
  ...(values.path === undefined ? {} : { path: values.path }),
});
const [history] = result.counterexample ?? [];
if (history) {
  console.log(report(history, await play(history)));
  console.log(`${result.numRuns} histories, made smaller ${result.numShrinks} times, in ${seconds()}`);
  console.log(again(result.seed, result.counterexamplePath));
  process.exitCode = 1;
} else {
  console.log(`${result.numRuns} histories held, in ${seconds()} (seed ${result.seed})`);
}

function seconds(): string {
  return `${((Date.now() - startMs) / 1000).toFixed(0)} s`;
}
