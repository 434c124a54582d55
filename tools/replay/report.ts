import type { Verdict } from "./verdict.ts";

/** How many exchanges of each group agreed. */
export function table(verdicts: readonly Verdict[]): string {
  const rows = [...new Set(verdicts.map(({ group }) => group))].map((group) => {
    const own = verdicts.filter((verdict) => verdict.group === group);
    return [group, `${count(own, "agreed")}`, `of ${count(own, "agreed") + count(own, "disagreed")}`, unserved(own)];
  });
  return rows
    .map(([name = "", agreed = "", of = "", rest = ""]) => `${name.padEnd(18)}${agreed.padStart(5)} ${of}${rest}`)
    .join("\n");
}

/** Every disagreement with its path, and what was expected and got there. */
export function disagreements(verdicts: readonly Verdict[]): string {
  return verdicts
    .filter(({ outcome }) => outcome === "disagreed")
    .flatMap(({ id, title, disagreements: found }) => [
      `${id} ${title}`,
      ...found.map(({ path, expected, got }) => `    ${path}: expected ${shown(expected)}, got ${shown(got)}`),
    ])
    .join("\n");
}

/** The last lines: what is not served, and what agreed of the rest. */
export function summary(verdicts: readonly Verdict[]): string {
  const agreed = count(verdicts, "agreed");
  return `not served: ${count(verdicts, "not served")}\nagreed ${agreed} of ${agreed + count(verdicts, "disagreed")}`;
}

function count(verdicts: readonly Verdict[], outcome: Verdict["outcome"]): number {
  return verdicts.filter((verdict) => verdict.outcome === outcome).length;
}

function unserved(verdicts: readonly Verdict[]): string {
  const missing = count(verdicts, "not served");
  return missing === 0 ? "" : `  (not served: ${missing})`;
}

/** Enough of a value to know it by. */
const mostShown = 300;

function shown(value: unknown): string {
  const text = value === undefined ? "nothing" : JSON.stringify(value);
  return text.length > mostShown ? `${text.slice(0, mostShown)}…` : text;
}
