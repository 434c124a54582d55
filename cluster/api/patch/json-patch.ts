import { ApiError } from "../../client.ts";
import { isList, isMap, type JsonMap, sameJson, without } from "../json.ts";

type Holder = JsonMap | readonly unknown[];
type Edit = (holder: Holder, key: string) => unknown;

/** More operations than this Kubernetes does not take in one patch. */
const maxOperations = 10_000;

/**
 * The target after the operations of a JSON patch (RFC 6902), as the library that Kubernetes uses takes them: indices may
 * count from the end, a missing value is null, and a key that is not there may be replaced. Throws 422 where one does not
 * apply, and 413 where there are too many.
 */
export function jsonPatch(target: unknown, operations: readonly JsonMap[]): unknown {
  if (operations.length > maxOperations) {
    const message = `The allowed maximum operations in a JSON patch is ${maxOperations}, got ${operations.length}`;
    throw new ApiError(413, "RequestEntityTooLarge", message);
  }
  return operations.reduce<unknown>(apply, target);
}

function apply(document: unknown, { op, path, from, value = null }: JsonMap): unknown {
  const change = (at: unknown, edit: Edit): unknown => edited(document, keysOf(at), edit);
  switch (op) {
    case "add":
      return change(path, (holder, key) => add(holder, key, value));
    case "remove":
      return change(path, remove);
    case "replace":
      // The whole may only become an object or a list; anything else changes nothing.
      if (path === "") return isMap(value) || isList(value) ? value : document;
      return change(path, (holder, key) =>
        isList(holder) ? holder.with(indexIn(holder.length, key), value) : { ...holder, [key]: value },
      );
    case "move": {
      const moved = valueAt(document, keysOf(from));
      return edited(change(from, remove), keysOf(path), (holder, key) => add(holder, key, moved));
    }
    case "copy": {
      const copied = valueAt(document, keysOf(from));
      return change(path, (holder, key) => add(holder, key, copied));
    }
    case "test":
      return sameJson(path === "" ? document : valueAt(document, keysOf(path)), value) ? document : refuse();
    default:
      return refuse();
  }
}

/** Kubernetes says no more than this of an operation that fails, a test above all. */
function refuse(): never {
  throw new ApiError(422, "Invalid", "the server rejected our request due to an error in our request", {});
}

/** The keys of a JSON pointer, from the outside in. What stands before the first slash does not count. */
function keysOf(path: unknown): readonly string[] {
  const keys = typeof path === "string" ? path.split("/").slice(1) : [];
  if (keys.length === 0) return refuse();
  return keys.map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function edited(document: unknown, [key = "", ...below]: readonly string[], edit: Edit): unknown {
  const holder = holderOf(document);
  if (below.length === 0) return edit(holder, key);
  const inner = edited(get(holder, key), below, edit);
  return isList(holder) ? holder.with(indexIn(holder.length, key), inner) : { ...holder, [key]: inner };
}

function holderOf(value: unknown): Holder {
  return isList(value) || isMap(value) ? value : refuse();
}

function valueAt(document: unknown, keys: readonly string[]): unknown {
  return keys.reduce((value, key) => get(holderOf(value), key), document);
}

/** A key that is not there is null. */
function get(holder: Holder, key: string): unknown {
  if (isList(holder)) return holder[indexIn(holder.length, key)];
  return Object.hasOwn(holder, key) ? holder[key] : null;
}

function add(holder: Holder, key: string, value: unknown): unknown {
  if (!isList(holder)) return { ...holder, [key]: value };
  return key === "-" ? [...holder, value] : holder.toSpliced(indexIn(holder.length + 1, key), 0, value);
}

function remove(holder: Holder, key: string): unknown {
  if (isList(holder)) return holder.toSpliced(indexIn(holder.length, key), 1);
  return Object.hasOwn(holder, key) ? without(holder, key) : refuse();
}

function indexIn(length: number, key: string): number {
  const given = /^[+-]?\d+$/.test(key) ? Number(key) : Number.NaN;
  const index = given < 0 ? given + length : given;
  return index >= 0 && index < length ? index : refuse();
}
