/** Label values by label name. */
export type Labels = { readonly [name: string]: string };

/** One metric: its help, and for a histogram the upper bounds of its buckets, ascending. */
export interface MetricDefinition {
  readonly type: "counter" | "histogram";
  readonly help: string;
  readonly buckets?: readonly number[];
}

/** One metric with its samples, ready to be printed. */
export interface MetricFamily {
  readonly name: string;
  readonly type: "gauge" | "counter" | "histogram";
  readonly help: string;
  readonly samples: readonly MetricSample[];
}

/** One line: the suffix of the name (`_bucket`, or nothing), labels and the value. */
export interface MetricSample {
  readonly suffix?: string;
  readonly labels: Labels;
  readonly value: number;
}

interface Series {
  readonly labels: Labels;
  /** Of a counter its value; of a histogram the sum. */
  sum: number;
  count: number;
  readonly buckets: number[];
}

/** Counts and measures, from the start of this process on; a restart begins at zero, as Prometheus expects of counters. */
export class Meter<Name extends string> {
  readonly #definitions: Readonly<Record<Name, MetricDefinition>>;
  readonly #series = new Map<Name, Map<string, Series>>();

  constructor(definitions: Readonly<Record<Name, MetricDefinition>>) {
    this.#definitions = definitions;
  }

  /** Adds to a counter. */
  count(name: Name, labels: Labels, by = 1): void {
    this.#find(name, labels).sum += by;
  }

  /** Puts one value into a histogram. */
  observe(name: Name, labels: Labels, value: number): void {
    const series = this.#find(name, labels);
    series.sum += value;
    series.count += 1;
    for (const [index, bound] of (this.#definitions[name].buckets ?? []).entries()) {
      if (value <= bound) series.buckets[index] = (series.buckets[index] ?? 0) + 1;
    }
  }

  /** Every metric that was defined, in the order of the definitions. */
  families(): readonly MetricFamily[] {
    const names = Object.keys(this.#definitions) as Name[];
    return names.map((name) => {
      const { type, help, buckets = [] } = this.#definitions[name];
      const all = [...(this.#series.get(name) ?? [])]
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([, series]) => series);
      const samples = all.flatMap((series) =>
        type === "counter" ? [{ labels: series.labels, value: series.sum }] : histogram(series, buckets),
      );
      return { name, type, help, samples };
    });
  }

  #find(name: Name, labels: Labels): Series {
    const all = this.#series.get(name) ?? new Map<string, Series>();
    this.#series.set(name, all);
    const key = JSON.stringify(labels);
    const found = all.get(key) ?? { labels, sum: 0, count: 0, buckets: [] };
    all.set(key, found);
    return found;
  }
}

function histogram({ labels, sum, count, buckets }: Series, bounds: readonly number[]): readonly MetricSample[] {
  const bucket = (le: string, value: number): MetricSample => ({ suffix: "_bucket", labels: { ...labels, le }, value });
  return [
    ...bounds.map((bound, index) => bucket(String(bound), buckets[index] ?? 0)),
    bucket("+Inf", count),
    { suffix: "_sum", labels, value: sum },
    { suffix: "_count", labels, value: count },
  ];
}

/** Metrics in Prometheus' text format (https://prometheus.io/docs/instrumenting/exposition_formats/). */
export function familiesText(families: readonly MetricFamily[]): string {
  const lines = families.flatMap(({ name, type, help, samples }) => [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} ${type}`,
    ...samples.map(({ suffix = "", labels, value }) => `${name}${suffix}${labelText(labels)} ${value}`),
  ]);
  return `${lines.join("\n")}\n`;
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escape(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escape(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
