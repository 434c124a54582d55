import type { Json, JsonObject } from "../model/json.ts";
import { limits } from "./limits.ts";

/** What keeps a YAML value from being a Kubernetes one. */
export class NotJson extends Error {
  readonly code: string;
  readonly remedy: string;

  constructor(code: string, message: string, remedy: string) {
    super(message);
    this.name = "NotJson";
    this.code = code;
    this.remedy = remedy;
  }
}

interface Converted {
  readonly value: Json;
  /** How many values it is, and how deep, once each alias stands for what it names. */
  readonly size: number;
  readonly depth: number;
  /** Of all its texts and keys together. */
  readonly letters: number;
}

const scalar = (value: Json): Converted => ({
  value,
  size: 1,
  depth: 0,
  letters: typeof value === "string" ? value.length : 0,
});

/** Turns what the parser made into plain JSON; throws `NotJson` for what JSON cannot say or nobody could mean. */
export function toJson(value: unknown): Json {
  const done = new Map<object, Converted | "begun">();
  const convert = (item: unknown): Converted => {
    if (item === null || typeof item === "string" || typeof item === "boolean") return scalar(item);
    if (typeof item === "number") return scalar(checkNumber(item));
    if (!(item instanceof Map) && !Array.isArray(item)) {
      throw new NotJson(
        "yaml-not-json",
        "a value is of a kind that Kubernetes does not take",
        "Use text, numbers, true, false, null, lists and mappings.",
      );
    }
    const before = done.get(item);
    if (before === "begun")
      throw new NotJson("yaml-endless", "an alias names something that it is itself part of", "Write the value out.");
    if (before !== undefined) return before;
    done.set(item, "begun");
    const converted = item instanceof Map ? convertMap(item, convert) : convertList(item, convert);
    done.set(item, converted);
    return converted;
  };
  return convert(value).value;
}

function convertList(list: readonly unknown[], convert: (item: unknown) => Converted): Converted {
  const items = list.map(convert);
  return bounded({ value: items.map((item) => item.value), ...measure(items) });
}

function convertMap(map: ReadonlyMap<unknown, unknown>, convert: (item: unknown) => Converted): Converted {
  const members = [...map].map(([key, item]) => {
    const converted = convert(item);
    const name = checkKey(key);
    return { ...converted, key: name, letters: converted.letters + name.length };
  });
  const value: JsonObject = Object.fromEntries(members.map((member) => [member.key, member.value]));
  if (Object.keys(value).length < members.length) {
    throw new NotJson(
      "yaml-duplicate-key",
      "a key stands twice in a mapping, once as text and once as a number",
      "Keep one of them.",
    );
  }
  return bounded({ value, ...measure(members) });
}

function measure(parts: readonly Omit<Converted, "value">[]): Omit<Converted, "value"> {
  let [size, depth, letters] = [1, 0, 0];
  for (const part of parts) {
    size += part.size;
    depth = Math.max(depth, part.depth);
    letters += part.letters;
  }
  return { size, depth: depth + 1, letters };
}

function bounded(converted: Converted): Converted {
  if (converted.size > limits.values) {
    throw new NotJson(
      "yaml-too-many-values",
      `a document says more than ${limits.values} values once its aliases are followed`,
      "Split it, or remove the aliases.",
    );
  }
  // Without aliases a text is never longer than its file.
  if (converted.letters > limits.fileBytes) {
    throw new NotJson(
      "yaml-too-long",
      `a document is more than ${limits.fileBytes} letters once its aliases are followed`,
      "Split it, or remove the aliases.",
    );
  }
  if (converted.depth > limits.depth) {
    throw new NotJson("yaml-too-deep", `a document is nested deeper than ${limits.depth} levels`, "Flatten it.");
  }
  return converted;
}

function checkNumber(value: number): number {
  if (Number.isSafeInteger(value) || (Number.isFinite(value) && !Number.isInteger(value))) return value;
  throw new NotJson(
    "yaml-number-unsafe",
    "a number is infinite, not a number, or too large to be kept exactly",
    "Quote it if it is meant as text.",
  );
}

function checkKey(key: unknown): string {
  const text =
    typeof key === "string" ? key : typeof key === "number" || typeof key === "boolean" ? String(key) : undefined;
  if (text !== undefined && text !== "__proto__") return text;
  throw new NotJson("yaml-key-refused", "a key of a mapping is neither text nor a number", "Quote the key.");
}
