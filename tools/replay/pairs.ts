import type { Bindings } from "./bindings.ts";
import { isRecord } from "./state.ts";

/** Two lists, name by name; what only one of them has stands alone. */
export interface Pairs {
  readonly pairs: readonly { readonly name: string; readonly expected?: unknown; readonly got?: unknown }[];
  /** Whether what both have stands in the same order; names that are made up stand in an order of chance. */
  readonly isOrdered: boolean;
  readonly expectedOrder: readonly string[];
  readonly gotOrder: readonly string[];
}

/** Pairs the items of two lists by their names; undefined where not all have one of their own. */
export function pairs(expected: readonly unknown[], got: readonly unknown[], bindings: Bindings): Pairs | undefined {
  const names = namesOf(expected);
  const others = namesOf(got);
  if (expected.length === 0 || !names || !others) return undefined;
  const tried = bindings.fork();
  const left = new Map(others.map((name, index) => [name, got[index]]));
  const found = names.map((name, index) => {
    const own = left.has(name) ? name : [...left.keys()].find((other) => tried.match(name, other));
    const pair = { name, expected: expected[index], ...(own !== undefined && { got: left.get(own) }) };
    if (own !== undefined) left.delete(own);
    return { own, pair };
  });
  const extra = [...left].map(([name, item]) => ({ name, got: item }));
  const [expectedOrder, gotOrder] = [
    found.flatMap(({ own }) => own ?? []),
    others.filter((name) => found.some(({ own }) => own === name)),
  ];
  const isOrdered =
    names.some((name) => name.includes("<")) ||
    expectedOrder.every((name, at) => rankOf(name) === rankOf(gotOrder[at]));
  return { pairs: [...found.map(({ pair }) => pair), ...extra], isOrdered, expectedOrder, gotOrder };
}

/** The names of all items; undefined where one has none, or the same as another. */
function namesOf(items: readonly unknown[]): readonly string[] | undefined {
  const names = items.map(nameOf).filter((name) => name !== undefined);
  return new Set(names).size === items.length ? names : undefined;
}

/** What tells an item from its neighbours: a text itself, a resource of discovery, or the name of anything. */
function nameOf(item: unknown): string | undefined {
  if (typeof item === "string") return item;
  if (!isRecord(item)) return undefined;
  const { metadata, targetRef, manager, operation, subresource, mountPath } = item;
  if (typeof manager === "string") return [operation, "by", manager, subresource].filter(Boolean).join(" ");
  if (typeof mountPath === "string") return mountPath;
  const inner = [metadata, targetRef].find(isRecord)?.["name"];
  const name = item["name"] ?? inner ?? item["resource"] ?? subresource ?? item["version"];
  return typeof name === "string" ? name : undefined;
}

/** Entries of managed fields stand by their operation, and those of one by their time, which is another here. */
function rankOf(name = ""): string {
  return /^(Apply|Update) by /.exec(name)?.[1] ?? name;
}
