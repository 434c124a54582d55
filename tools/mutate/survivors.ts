/** A change that no test can catch since it changes nothing that anyone can see, and why. */
export interface Survivor {
  readonly module: string;
  /** The changed line. */
  readonly becomes: string;
  readonly why: string;
}

const anyOrder = "any one order of members gives the same hash for the same differences";

/** Those that are known. One that is caught or gone is told, and is to be taken out. */
export const survivors: readonly Survivor[] = [
  {
    module: "src/plan/as-applied",
    becomes: "if (items.length === 0 && !items.every(isJsonObject))",
    why: "of an empty list, or of one without members that tell its items apart, no key is found either",
  },
  {
    module: "src/plan/differences",
    becomes: "const ordered = places.every((place, index) => index === 0 || place >= (places[index - 1] ?? -1));",
    why: "two items never stand at one place",
  },
  ...["!(a < b)", "a <= b", "a >= b"].map((order) => ({
    module: "src/plan/equivalence",
    becomes: `return Object.fromEntries(Object.entries(member).toSorted(([a], [b]) => (${order} ? -1 : 1)));`,
    why: anyOrder,
  })),
  {
    module: "src/history/log-readme",
    becomes:
      "const candidates = decided.filter(([newest]) => newest).toSorted(([a], [b]) => (a || b ? byTime(a, b) : 0));",
    why: "those without a decision are left out before",
  },
  {
    module: "src/history/promote",
    becomes: "if (head === undefined && tree === undefined || !(await isAt(git, head, path, request.onto)))",
    why: "where there is no directory, it is not as it was either",
  },
  ...[
    "a < b ? -1 : !(a > b) ? 1 : 0",
    "a < b ? -1 : a <= b ? 1 : 0",
    "a < b ? -1 : a >= b ? 1 : 0",
    "a <= b ? -1 : a > b ? 1 : 0",
  ].map((order) => ({
    module: "src/history/record-text",
    becomes: `const entries = Object.entries(value).toSorted(([a], [b]) => (${order}));`,
    why: "two keys of an object are never the same, and sorting asks only whether one comes first",
  })),
  {
    module: "src/rollout/decide",
    becomes: "return ms <= 10_000 ? `${ms / 1000} s` : `${Math.round(ms / 1000)} s`;",
    why: "ten seconds read the same with a fraction and without",
  },
  {
    module: "src/rollout/promotion",
    becomes: "return colon <= 0 ? name : name.slice(0, colon);",
    why: "no name of an image begins with a colon",
  },
];
