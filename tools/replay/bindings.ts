import { createHash } from "node:crypto";

/** A placeholder in a recorded text: its kind and number, as in `<uid:2>`, or seconds since the start, as in `<time+3>`. */
const placeholder = /<([a-zA-Z]+[0-9]*)(?::(\d+)|\+([\d.]+))?>/g;

/** Volatile values that are not followed: only their shape counts. */
const free: Readonly<Record<string, string>> = {
  time: String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`,
  microtime: String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z`,
  nanotime: String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z?`,
};

/** The shapes of values that are followed; others are any text. */
const shapes: Readonly<Record<string, string>> = {
  uid: "[0-9a-f-]{36}",
  rv: String.raw`\d+`,
  rand: "[a-z0-9]{5,10}",
  hash: "[a-zA-Z0-9]+",
  nodePort: String.raw`\d+`,
  podIP: String.raw`[\d.]+`,
  clusterIP: String.raw`[\d.]+`,
};

/** Values of which the newest is meant; so it is with what is followed but has no number. */
const latest = new Set(["continue", "etag", "uid", "rand", "hash", "podIP", "clusterIP"]);

/** What the placeholders of a scenario stand for in its replay. */
export class Bindings {
  #values: Map<string, string>;
  readonly #isOrdered: boolean;

  /** Where processes run beside each other, the order of what they write is one of several (`isOrdered` false). */
  constructor(values: Iterable<readonly [string, string]> = [], isOrdered = true) {
    this.#values = new Map(values);
    this.#isOrdered = isOrdered;
  }

  /** A copy to try with; what it learns is kept only by `take`. */
  fork(): Bindings {
    return new Bindings(this.#values, this.#isOrdered);
  }

  take(other: Bindings): void {
    this.#values = new Map(other.#values);
  }

  /** Gives two placeholders each other's values. */
  swap(one: string, other: string): void {
    const [a, b] = [this.#values.get(one), this.#values.get(other)];
    if (a !== undefined) this.#values.set(other, a);
    if (b !== undefined) this.#values.set(one, b);
  }

  /** Whether a text is what was recorded; placeholders that are new take their value from it. */
  match(recorded: string, text: string): boolean {
    const keys: string[] = [];
    let at = 0;
    let pattern = "";
    for (const found of recorded.matchAll(placeholder)) {
      const [whole, kind = "", number] = found;
      pattern += escaped(recorded.slice(at, found.index));
      at = found.index + whole.length;
      const shape = free[kind];
      pattern += shape ?? `(${shapes[kind] ?? ".+?"})`;
      // Without a number it is the revision of the whole cluster.
      if (shape === undefined) keys.push(number === undefined && kind === "rv" ? "" : keyOf(kind, number));
    }
    if (at === 0) return recorded === text;
    const fits = new RegExp(`^${pattern}${escaped(recorded.slice(at))}$`, "s").exec(text);
    return fits !== null && keys.every((key, index) => key === "" || this.#bind(key, fits[index + 1] ?? ""));
  }

  /** A recorded text with values in the place of placeholders; those that are not known yet are made up. */
  fill(recorded: string, now: { readonly startMs: number; readonly revision: number }): string {
    const long = recorded.replaceAll(/<(\d+) times (.)>/g, (_, times: string, text: string) =>
      text.repeat(Number(times)),
    );
    return long.replaceAll(placeholder, (whole, kind: string, number?: string, seconds?: string) => {
      if (kind === "time" || kind === "microtime") {
        const text = new Date(now.startMs + Number(seconds ?? 0) * 1000).toISOString();
        return kind === "time" ? text.replace(/\.\d+Z$/, "Z") : text.replace("Z", "000Z");
      }
      if (kind === "rv" && number === undefined) return String(now.revision);
      const key = keyOf(kind, number);
      const known = this.#values.get(key);
      if (known !== undefined) return known;
      const made = madeUp(kind, Number(number ?? 0), now.revision);
      if (made === undefined) return whole;
      if (kind !== "rv") this.#values.set(key, made);
      return made;
    });
  }

  #bind(key: string, value: string): boolean {
    const known = this.#values.get(key);
    if (latest.has(key)) {
      this.#values.set(key, value);
      return true;
    }
    if (known !== undefined) return known === value;
    const [kind = "", number] = key.split(":");
    if (number !== undefined) {
      for (const [other, theirs] of this.#values) {
        const [otherKind, otherNumber] = other.split(":");
        if (otherKind !== kind || otherNumber === undefined) continue;
        if (theirs === value) return false;
        // The numbers of resourceVersions are their order.
        if (kind !== "rv" || !this.#isOrdered) continue;
        if (Number(otherNumber) < Number(number) !== Number(theirs) < Number(value)) return false;
      }
    }
    this.#values.set(key, value);
    return true;
  }
}

function keyOf(kind: string, number: string | undefined): string {
  return number === undefined ? kind : `${kind}:${number}`;
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`);
}

/** A value of the right shape that no cluster gave out. */
function madeUp(kind: string, number: number, revision: number): string | undefined {
  const hex = createHash("sha256").update(`${kind}:${number}`).digest("hex");
  if (kind === "uid") return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, "$1-$2-$3-$4-$5");
  if (kind === "rv") return String(revision);
  if (kind === "podIP") return `10.244.0.${number + 10}`;
  if (kind === "nodePort") return String(32_700 + number);
  if (kind === "rand") return hex.slice(0, 5);
  if (kind === "hash") return hex.slice(0, 10);
  if (kind === "sha256" || kind === "hex") return hex;
  return undefined;
}
