/** One step of a path: a name, `*`, `[2]`, `[*]`, `['a.b']` or `[?(@.type=="Ready")]`. */
const steps = /\.?(?:((?:\\.|[^.[\]\\])+)|\[(?:(\d+|\*)|'([^']*)'|\?\(@\.([\w.]+)\s*==\s*["']?([^"')]*)["']?\))\])/g;

/** All values at a path of Kubernetes' JSONPath, such as `.status.conditions[?(@.type=="Ready")].status` or `data.*`. */
export function valuesAt(object: unknown, path: string): readonly unknown[] {
  let values: readonly unknown[] = [object];
  for (const [, name, index, quoted, at, equals] of path.matchAll(steps)) {
    const key = (name ?? index ?? quoted ?? "").replaceAll(/\\(.)/g, "$1");
    values = values.flatMap((value) => {
      if (typeof value !== "object" || value === null) return [];
      if (at !== undefined) return Object.values(value).filter((item) => String(valuesAt(item, at)[0]) === equals);
      return key === "*" ? (Object.values(value) as unknown[]) : [(value as Record<string, unknown>)[key]];
    });
  }
  return values.filter((value) => value !== undefined && value !== null);
}

/** The first value at a path as text, empty where there is none. */
export function textOf(object: unknown, path: string): string {
  const [value] = valuesAt(object, path);
  return typeof value === "string" ? value : value === undefined ? "" : JSON.stringify(value);
}

/** The first value at a path as a number, zero where there is none. */
export function numberOf(object: unknown, path: string): number {
  return Number(valuesAt(object, path)[0] ?? 0);
}
