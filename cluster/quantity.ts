const decimal = { E: 18, P: 15, T: 12, G: 9, M: 6, k: 3, "": 0, m: -3, u: -6, n: -9 } as const;
const binary = ["Ei", "Pi", "Ti", "Gi", "Mi", "Ki", ""] as const;
const form = /^([+-]?)(?=\.?\d)(\d*)(?:\.(\d*))?(?:([eE][+-]?\d+)|([KMGTPE]i)|([numkMGTPE]?))$/;

/** What a quantity says, in billionths, the smallest that there are, and in which of three notations. */
interface Quantity {
  readonly billionths: bigint;
  readonly notation: "binary" | "decimal" | "exponent";
}

function read(text: string): Quantity | undefined {
  const match = form.exec(text);
  if (!match) return undefined;
  const [, sign = "", whole = "", fraction = "", exponent, binaryUnit, unit = ""] = match;
  const power = exponent === undefined ? decimal[unit as keyof typeof decimal] : Number(exponent.slice(1));
  const unitSize = binaryUnit === undefined ? 1n : 1024n ** BigInt(binary.toReversed().indexOf(binaryUnit as "Ki"));
  const shift = power - fraction.length + 9;
  const digits = BigInt(`${sign === "-" ? "-" : ""}${whole}${fraction}`) * unitSize;
  const billionths = shift >= 0 ? digits * 10n ** BigInt(shift) : digits / 10n ** BigInt(-shift);
  return { billionths, notation: exponent ? "exponent" : binaryUnit ? "binary" : "decimal" };
}

/** A Kubernetes quantity ("250m", "1Gi", "2e3") as a number, to 15 digits; NaN when it is none. */
export function parseQuantity(text: string | number): number {
  const quantity = read(String(text));
  return quantity ? Number((Number(quantity.billionths) / 1e9).toPrecision(15)) : Number.NaN;
}

/** A quantity as Kubernetes writes it: the largest suffix without a fraction ("0.5" is "500m"); as given where it is none. */
export function canonicalQuantity(text: string): string {
  const quantity = read(text);
  return quantity ? write(quantity) : text;
}

/** Thousandths as a quantity: bytes in the largest binary unit that divides them, other things in whole or "m". */
export function quantityText(thousandths: number, isBytes: boolean): string {
  return write({ billionths: BigInt(thousandths) * 1_000_000n, notation: isBytes ? "binary" : "decimal" });
}

function write({ billionths, notation }: Quantity): string {
  if (billionths === 0n) return "0";
  if (notation === "binary" && billionths % 1_000_000_000n === 0n) {
    const power = binary.findIndex((_, index) => billionths % (1_000_000_000n * 1024n ** BigInt(6 - index)) === 0n);
    return `${billionths / (1_000_000_000n * 1024n ** BigInt(6 - power))}${binary[power] ?? ""}`;
  }
  for (const [unit, power] of Object.entries(decimal)) {
    const size = 10n ** BigInt(power + 9);
    if (billionths % size !== 0n) continue;
    return `${billionths / size}${notation === "exponent" && power !== 0 ? `e${power}` : unit}`;
  }
  return `${billionths}n`;
}
