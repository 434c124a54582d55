import type { Played } from "./history/play.ts";
import { script } from "./history/steps.ts";
import type { History } from "./history/steps.ts";

/** A history that went wrong, for people: all that happened, the history to paste into a test, and what was wrong. */
export function report(history: History, { chronicle, accusations }: Played): string {
  const wrong = accusations.map((accusation) => `WRONG: ${accusation}`);
  return [...chronicle, "", script(history), "", ...wrong].join("\n");
}

/** How to see a failure again. */
export function again(seed: number, path: string | null): string {
  return `again: npm run simulate -- --seed ${seed} --path ${JSON.stringify(path)}`;
}
