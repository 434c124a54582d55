/** One figure of a run, beside what it is held to. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What was measured beside it in the same run, or the fact that it is a count. */
  readonly reference: string;
  readonly aim: string;
  readonly met: boolean;
}

/** A figure that may not be more than `most`. */
export function atMost(most: number, figure: Omit<Figure, "aim" | "met">): Figure {
  return { ...figure, aim: `<= ${most} ${figure.unit}`, met: figure.value <= most };
}

/** A figure that may not be less than `least`. */
export function atLeast(least: number, figure: Omit<Figure, "aim" | "met">): Figure {
  return { ...figure, aim: `>= ${least} ${figure.unit}`, met: figure.value >= least };
}

/** The figures as a table in Markdown. */
export function tableOf(figures: readonly Figure[]): string {
  const rows = figures.map(({ name, value, unit, reference, aim, met }) => {
    const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
    return `| ${name} | ${value.toFixed(digits)} ${unit} | ${reference} | ${aim} | ${met ? "yes" : "NO"} |`;
  });
  return ["| measure | measured | reference | aim | met |", "| --- | --- | --- | --- | --- |", ...rows].join("\n");
}
