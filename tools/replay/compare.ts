import type { Bindings } from "./bindings.ts";

/** One place where the replay was answered otherwise. */
export interface Disagreement {
  readonly path: string;
  readonly expected: unknown;
  readonly got: unknown;
}

/** Where an answer is not what was recorded; nothing where they agree. */
export function compare(expected: unknown, got: unknown, bindings: Bindings, path = ""): readonly Disagreement[] {
  if (expected === "<omitted>" || expected === "<as above>") return got === undefined ? [{ path, expected, got }] : [];
  if (typeof expected === "string") {
    if (Array.isArray(got) && expected === `${got.length} items`) return [];
    const text = typeof got === "number" && expected.startsWith("<") ? String(got) : got;
    return typeof text === "string" && bindings.match(expected, text) ? [] : [{ path, expected, got }];
  }
  if (Array.isArray(expected) && Array.isArray(got)) {
    const ordered = inRecordedOrder(expected, got, bindings);
    const inside = expected.flatMap((item, index) =>
      index < got.length ? compare(item, ordered[index], bindings, `${path}[${index}]`) : [],
    );
    if (expected.length === got.length) return inside;
    return [{ path: `${path}.length`, expected: expected.length, got: got.length }, ...inside];
  }
  if (isRecord(expected) && isRecord(got)) {
    if (typeof expected["<object>"] === "string") return compareName(expected["<object>"], got, bindings, path);
    return compareFields(expected, got, bindings, path);
  }
  return expected === got ? [] : [{ path, expected, got }];
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

/** Objects whose names are made up are listed in an order of chance; they are put in that of the recorded ones they are. */
function inRecordedOrder(
  expected: readonly unknown[],
  got: readonly unknown[],
  bindings: Bindings,
): readonly unknown[] {
  const names = expected.map(nameOf);
  if (!names.every((name) => name?.includes("<"))) return got;
  const tried = bindings.fork();
  const left = [...got];
  const found = names.map((name = "") => {
    const index = left.findIndex((item) => tried.match(name, nameOf(item) ?? ""));
    return index < 0 ? undefined : left.splice(index, 1)[0];
  });
  return left.length > 0 || found.includes(undefined) ? got : found;
}

function nameOf(item: unknown): string | undefined {
  const metadata = isRecord(item) ? (item["metadata"] ?? item["targetRef"]) : undefined;
  const name = isRecord(metadata) ? metadata["name"] : undefined;
  return typeof name === "string" ? name : undefined;
}

function isList(value: Readonly<Record<string, unknown>>): boolean {
  return "items" in value || "rows" in value;
}

/** The resourceVersion of a list is that of the whole cluster, where others wrote too. */
function withoutOrder(metadata: unknown): unknown {
  return isRecord(metadata) && "resourceVersion" in metadata ? { ...metadata, resourceVersion: "<rv>" } : metadata;
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

/** Whether a value is an object with keys. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
