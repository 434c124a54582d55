import { unexplained } from "./reasons.ts";
import type { Verdict } from "./verdict.ts";

/** How many exchanges of each group agreed. */
export function table(verdicts: readonly Verdict[]): string {
  const rows = [...new Set(verdicts.map(({ group }) => group))].map((group) => {
    const own = verdicts.filter((verdict) => verdict.group === group);
    const of = `of ${count(own, "agreed") + count(own, "disagreed")}`;
    return [group, `${count(own, "agreed")}`, of, `${meant(own).length}`, `${count(own, "not served")}`];
  });
  return [["group", "agreed", "", "differs on purpose", "not served"], ...rows]
    .map(([name = "", agreed = "", of = "", purpose = "", missing = ""]) =>
      [name.padEnd(15), agreed.padStart(7), of.padEnd(7), purpose.padStart(18), missing.padStart(12)]
        .join(" ")
        .trimEnd(),
    )
    .join("\n");
}

/** Every disagreement with its path, and what was expected and got there. */
export function disagreements(verdicts: readonly Verdict[]): string {
  return verdicts
    .filter(({ outcome }) => outcome === "disagreed")
    .flatMap(({ id, title, disagreements: found }) => [
      `${id} ${title}`,
      ...unexplained(found).map(
        ({ path, expected, got }) => `    ${path}: expected ${shown(expected)}, got ${shown(got)}`,
      ),
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

/** Those that agree but for what is meant. */
function meant(verdicts: readonly Verdict[]): readonly Verdict[] {
  return verdicts.filter(({ outcome, disagreements: found }) => outcome === "agreed" && found.length > 0);
}

/** How often each difference that is meant showed. */
export function purposes(verdicts: readonly Verdict[]): string {
  const reasons = meant(verdicts).flatMap(({ disagreements: found }) => [
    ...new Set(found.map(({ reason = "" }) => reason)),
  ]);
  return [...new Set(reasons)]
    .map((reason) => `${`${reasons.filter((each) => each === reason).length}`.padStart(4)}  ${reason}`)
    .join("\n");
}

/** Enough of a value to know it by. */
const mostShown = 300;

function shown(value: unknown): string {
  const text = value === undefined ? "nothing" : JSON.stringify(value);
  return text.length > mostShown ? `${text.slice(0, mostShown)}…` : text;
}
