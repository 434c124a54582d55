import { parseArgs } from "node:util";
import { randomFrom } from "../../cluster/faults/fault.ts";
import { storm } from "./storm.ts";

/** `npm run storm`: kills, cuts off and corrupts what runs while it is worked with, and says what did not come through it. */
const { values } = parseArgs({
  options: {
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "60" },
  },
});
const ending = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => ending.abort());
const beganMs = Date.now();
const accusations = await storm({
  random: randomFrom(Number(values.seed)),
  rounds: Number(values.rounds),
  secondsEach: Number(values.seconds),
  signal: ending.signal,
  tell: (text) => console.error(`${((Date.now() - beganMs) / 1000).toFixed(1).padStart(7)}  ${text}`),
});
const isCut = ending.signal.aborted;
const verdict = accusations.length === 0 ? "all came through it" : accusations.join("\n");
console.log(`seed ${values.seed}: ${isCut ? "interrupted" : verdict}`);
// What was under way when it was interrupted is of no use to anybody.
process.exit(isCut ? 130 : accusations.length === 0 ? 0 : 1);
