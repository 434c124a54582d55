/** What each suffix of a quantity multiplies by. */
const suffixes: Readonly<Record<string, number>> = {
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** A quantity as Kubernetes writes it ("100m", "1.5", "64Mi") in thousandths; NaN where it is none. */
export function thousandths(quantity: string | number): number {
  const [, digits = "", suffix = ""] = /^([+-]?[\d.]+)([A-Za-z]*)$/.exec(String(quantity)) ?? [];
  if (digits === "") return Number.NaN;
  if (suffix === "m") return Number(digits);
  return Math.round(Number(digits) * (suffixes[suffix] ?? Number.NaN) * 1000);
}

/** Thousandths as a quantity: bytes in the largest binary unit that divides them, other things in whole or "m". */
export function quantityText(value: number, isBytes: boolean): string {
  if (value % 1000 !== 0) return `${value}m`;
  const whole = value / 1000;
  if (!isBytes || whole === 0) return String(whole);
  const unit = ["Ti", "Gi", "Mi", "Ki"].find((suffix) => whole % (suffixes[suffix] ?? 1) === 0);
  return unit === undefined ? String(whole) : `${whole / (suffixes[unit] ?? 1)}${unit}`;
}
