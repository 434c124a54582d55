/** Powers that the suffixes of quantities stand for. */
const binary = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
const decimal: readonly (readonly [string, number])[] = [
  ["n", -9],
  ["u", -6],
  ["m", -3],
  ["", 0],
  ["k", 3],
  ["M", 6],
  ["G", 9],
  ["T", 12],
  ["P", 15],
  ["E", 18],
];

const form = /^([+-]?)(\d*)(?:\.(\d*))?([eE][+-]?\d+|[KMGTPE]i|[numkMGTPE])?$/;

/** A quantity as Kubernetes writes it: the largest suffix without a fraction ("0.5" is "500m"); as given where it is none. */
export function canonicalQuantity(text: string): string {
  const [, sign = "", whole = "", fraction = "", suffix = ""] = form.exec(text) ?? [];
  if (whole + fraction === "") return text;
  const isBinary = suffix.endsWith("i");
  const exponent =
    /^[eE]/.test(suffix) && suffix.length > 1
      ? Number(suffix.slice(1))
      : (decimal.find(([known]) => known === suffix)?.[1] ?? 0);
  const digits = BigInt(whole + fraction);
  if (digits === 0n) return "0";
  if (isBinary) return binaryText(sign, digits * 1024n ** BigInt(binary.indexOf(suffix)), fraction.length, text);
  // In billionths, the smallest that there are.
  const shift = exponent - fraction.length + 9;
  const nano = shift >= 0 ? digits * 10n ** BigInt(shift) : digits / 10n ** BigInt(-shift);
  for (const [known, power] of decimal.toReversed()) {
    const unit = 10n ** BigInt(power + 9);
    if (nano % unit === 0n) return `${sign === "-" ? "-" : ""}${nano / unit}${known}`;
  }
  return text;
}

function binaryText(sign: string, value: bigint, fractionDigits: number, text: string): string {
  const scale = 10n ** BigInt(fractionDigits);
  if (value % scale !== 0n) return text;
  let bytes = value / scale;
  let power = 0;
  while (bytes % 1024n === 0n && power < binary.length - 1) {
    bytes /= 1024n;
    power += 1;
  }
  return `${sign === "-" ? "-" : ""}${bytes}${binary[power] ?? ""}`;
}
