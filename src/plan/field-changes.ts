import { isJsonObject, jsonEqual } from "../model/json.ts";
import type { Json } from "../model/json.ts";
import type { KubeObject } from "../model/kube-object.ts";
import type { Declared } from "../model/manifest.ts";
import type { FieldChange } from "../model/plan-document.ts";
import { differenceKey, differences } from "./differences.ts";
import { printPath } from "./field-path.ts";
import { otherManagersOf } from "./field-set.ts";
import { isSecret, isSecretName, withoutCredentials } from "./secrecy.ts";

/** How many characters of a value are shown. */
const shownAtMost = 200;

/**
 * What an apply of `desired` changes of `live`, field by field; values that are nobody's business are left out (behaviour G4).
 * `tried` is what the API server says that the object would be: where that differs from Git as `live` does, it only writes in
 * another way. Undefined where Plumbline never applied the object, so that there is nothing to compare by.
 */
export function fieldChanges(
  desired: Declared,
  live: KubeObject,
  tried?: KubeObject,
): readonly FieldChange[] | undefined {
  const stays = new Set(tried && differences(desired, tried)?.map(differenceKey));
  const changes = differences(desired, live)?.filter((each) => !stays.has(differenceKey(each)));
  return changes?.map(({ kind, path, desired: wanted, live: is }): FieldChange => {
    const field = printPath(path);
    const [by] = otherManagersOf(live, path);
    const about = { field, ...(by === undefined ? {} : { by }) };
    if (kind === "order") return { ...about, note: "in another order" };
    if (isSecret(desired.object, path)) return { ...about, note: "changed" };
    if (kind === "foreign" && jsonEqual(wanted, is)) return { ...about, note: "taken over, the same value" };
    const lines = linesBetween(is, wanted);
    if (lines !== undefined) return { ...about, note: lines };
    if (kind === "surplus" && is === undefined) return { ...about, note: "goes" };
    const change = { ...shown("from", is), ...shown("to", kind === "surplus" ? undefined : wanted) };
    return change.from === change.to ? { ...about, note: "changed" } : { ...about, ...change };
  });
}

function shown<K extends "from" | "to">(key: K, value: Json | undefined): { readonly [key in K]?: string } {
  // A typed key of one member: TypeScript takes a computed one for a string.
  return (value === undefined ? {} : { [key]: print(value) }) as { readonly [key in K]?: string };
}

/** Of two texts of several lines: how many of each the other does not have. */
function linesBetween(from: Json | undefined, to: Json | undefined): string | undefined {
  if (typeof from !== "string" || typeof to !== "string" || !/\n./.test(from + to)) return undefined;
  const [before, after] = [from.split("\n"), to.split("\n")];
  const without = (these: readonly string[], those: readonly string[]): number => {
    const known = new Set(those);
    return these.filter((line) => !known.has(line)).length;
  };
  return `text changed, lines: -${without(before, after)} +${without(after, before)}`;
}

/** On one line; of a text of several only how many they are. */
function print(value: Json): string {
  if (typeof value === "string" && /\n./.test(value)) return `(${value.trimEnd().split("\n").length} lines)`;
  if (Array.isArray(value) || isJsonObject(value)) return short(withoutCredentials(JSON.stringify(masked(value))));
  return short(withoutCredentials(typeof value === "string" && value !== "" ? value : JSON.stringify(value)));
}

/** A value with members of its own, of which those that are secret by their name are hidden. */
function masked(value: Json): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map(masked);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => {
      const hidden = isSecretName(name === "value" ? value["name"] : name);
      return [name, hidden ? "***" : masked(member ?? null)];
    }),
  );
}

function short(text: string): string {
  return text.length <= shownAtMost ? text : `${text.slice(0, shownAtMost - 1)}…`;
}
