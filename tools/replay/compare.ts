import type { Bindings } from "./bindings.ts";
import { pairs } from "./pairs.ts";
import { isRecord } from "./state.ts";

/** One place where the replay was answered otherwise. */
export interface Disagreement {
  readonly path: string;
  readonly expected: unknown;
  readonly got: unknown;
  /** The title of the difference that is meant, where this is one. */
  readonly reason?: string;
}

/** Where an answer is not what was recorded; nothing where they agree. */
export function compare(expected: unknown, got: unknown, bindings: Bindings, path = ""): readonly Disagreement[] {
  if (expected === "<omitted>" || expected === "<as above>") return got === undefined ? [{ path, expected, got }] : [];
  if (typeof expected === "string") return compareText(expected, got, bindings, path);
  if (Array.isArray(expected) && (Array.isArray(got) || (got === undefined && expected.length > 0))) {
    return compareLists(expected, got ?? [], bindings, path);
  }
  if (isRecord(expected) && isRecord(got)) {
    if (typeof expected["<object>"] === "string") return compareName(expected["<object>"], got, bindings, path);
    return compareFields(expected, asShort(expected, got), bindings, path);
  }
  if (typeof expected === "number" && Array.isArray(got) && got.length === expected) return [];
  return expected === got ? [] : [{ path, expected, got }];
}

/** How long ago something was: a replay takes other time than the recording did. */
const age = /\b(\d+[dhms])+\b/g;

function compareText(expected: string, got: unknown, bindings: Bindings, path: string): readonly Disagreement[] {
  if (Array.isArray(got) && expected === `${got.length} items`) return [];
  const text = typeof got === "number" && expected.startsWith("<") ? String(got) : got;
  if (typeof text === "string") {
    if (bindings.match(expected, text)) return [];
    if (/\.cells\[\d+\]$/.test(path) && expected.replaceAll(age, "<age>") === text.replaceAll(age, "<age>")) return [];
    const [recorded, lines] = [expected.split("\n"), text.split("\n")];
    if (recorded.length > 2) return compareLists(recorded, lines, bindings, path);
  }
  return [{ path, expected, got }];
}

/** Lists of what has names are compared name by name, others place by place. */
function compareLists(
  expected: readonly unknown[],
  got: readonly unknown[],
  bindings: Bindings,
  path: string,
): readonly Disagreement[] {
  const named = path.endsWith(".cells")
    ? undefined
    : pairs(expected, expected.every(isShort) ? got.filter(isMade) : got, bindings);
  if (named) {
    const inside = named.pairs.flatMap((pair) => compare(pair.expected, pair.got, bindings, `${path}[${pair.name}]`));
    if (named.isOrdered) return inside;
    return [...inside, { path: `${path}[order]`, expected: named.expectedOrder, got: named.gotOrder }];
  }
  const inside = expected.flatMap((item, index) =>
    index < got.length ? compare(item, got[index], bindings, `${path}[${index}]`) : [],
  );
  if (expected.length === got.length) return inside;
  return [{ path: `${path}.length`, expected: expected.length, got: got.length }, ...inside];
}

function compareFields(
  expected: Readonly<Record<string, unknown>>,
  got: Readonly<Record<string, unknown>>,
  bindings: Bindings,
  path: string,
): readonly Disagreement[] {
  const compared = new Set<string>();
  const within = (key: string): string => (path === "" ? key : `${path}.${key}`);
  const wanted = Object.entries(expected).flatMap(([key, value]) => {
    // Keys of managed fields name items by their values, which may be volatile.
    const own = !key.includes("<") ? key : Object.keys(got).find((other) => bindings.match(key, other));
    if (own !== undefined) compared.add(own);
    const ordered = key === "metadata" && isList(expected) ? withoutOrder(value) : value;
    return compare(ordered, own === undefined ? undefined : got[own], bindings, within(key));
  });
  const unwanted = Object.keys(got).filter((key) => !compared.has(key));
  return [...wanted, ...unwanted.flatMap((key) => compare(undefined, got[key], bindings, within(key)))];
}

function isList(value: Readonly<Record<string, unknown>>): boolean {
  return "items" in value || "rows" in value;
}

/** The resourceVersion of a list is that of the whole cluster, where others wrote too. */
function withoutOrder(metadata: unknown): unknown {
  return isRecord(metadata) && "resourceVersion" in metadata ? { ...metadata, resourceVersion: "<rv>" } : metadata;
}

/** Some items were written down without their metadata but with its name and resourceVersion, and only the recorder's own. */
function isShort(expected: unknown): boolean {
  return isRecord(expected) && !("metadata" in expected) && "name" in expected && "resourceVersion" in expected;
}

function isMade(item: unknown): boolean {
  return !isRecord(item) || !isRecord(item["metadata"]) || item["metadata"]["name"] !== "kube-root-ca.crt";
}

function asShort(
  expected: Readonly<Record<string, unknown>>,
  got: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const { metadata, ...rest } = got;
  if (!isRecord(metadata) || !isShort(expected)) return got;
  return { ...rest, name: metadata["name"], resourceVersion: metadata["resourceVersion"] };
}

/** Items of long lists are recorded by what names them: an Event by its reason and object, all else by its name. */
function compareName(
  expected: string,
  got: Readonly<Record<string, unknown>>,
  bindings: Bindings,
  path: string,
): readonly Disagreement[] {
  const { metadata, reason, involvedObject, regarding } = got;
  const about = involvedObject ?? regarding;
  const named = isRecord(metadata) ? metadata["name"] : undefined;
  const told = isRecord(about) ? `${String(reason)} ${String(about["kind"])}/${String(about["name"])}` : named;
  return compare(expected, told, bindings, path);
}
