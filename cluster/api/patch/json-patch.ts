import { ApiError } from "../../client.ts";
import { equalJson, isList, isObject, type Json, type JsonObject } from "../apply/json.ts";

/** More operations than this Kubernetes does not take in one patch. */
const maxOperations = 10_000;

/** The target after a JSON patch (RFC 6902). Throws 400 for what is no patch and 422 where it does not apply. */
export function jsonPatch(target: Json, patch: Json): Json {
  const list = readOperations(patch);
  if (list.length > maxOperations) {
    const message = `The allowed maximum operations in a JSON patch is ${maxOperations}, got ${list.length}`;
    throw new ApiError(413, "RequestEntityTooLarge", message);
  }
  return list.reduce<Json>(apply, target);
}

function readOperations(patch: Json): readonly JsonObject[] {
  if (patch === null) return [];
  if (!isList(patch)) throw undecodable(patch, "jsonpatch.Patch");
  return patch.map((operation) => {
    if (operation === null) return {};
    if (!isObject(operation)) throw undecodable(operation, "jsonpatch.Operation");
    return operation;
  });
}

function undecodable(value: Json, type: string): ApiError {
  const kind = isList(value) ? "array" : typeof value === "boolean" ? "bool" : typeof value;
  return new ApiError(400, "BadRequest", `json: cannot unmarshal ${kind} into Go value of type ${type}`);
}

/** Kubernetes says no more than this of an operation that fails, a test above all. */
function refused(): ApiError {
  return new ApiError(422, "Invalid", "the server rejected our request due to an error in our request", {});
}

function apply(document: Json, operation: JsonObject): Json {
  const { op } = operation;
  const run = typeof op === "string" && Object.hasOwn(operations, op) ? operations[op] : undefined;
  if (run === undefined) throw refused();
  return run(document, pointer(operation["path"]), operation);
}

type Run = (document: Json, path: readonly string[], operation: JsonObject) => Json;

const operations: Readonly<Record<string, Run>> = {
  add: (document, path, operation) => change(document, path, (holder, key) => add(holder, key, valueOf(operation))),
  remove: (document, path) => change(document, path, remove),
  replace(document, path, operation) {
    if (path.length === 0) return valueOf(operation);
    return change(document, path, (holder, key) => replace(holder, key, valueOf(operation)));
  },
  move(document, path, operation) {
    const from = pointer(operation["from"]);
    const moved = read(document, from);
    return change(change(document, from, remove), path, (holder, key) => add(holder, key, moved));
  },
  copy(document, path, operation) {
    const copied = read(document, pointer(operation["from"]));
    return change(document, path, (holder, key) => add(holder, key, copied));
  },
  test(document, path, operation) {
    test(document, path, operation["value"] ?? null);
    return document;
  },
};

/** The keys of a JSON pointer, from the outside in. What stands before the first slash does not count. */
function pointer(path: Json | undefined): readonly string[] {
  if (typeof path !== "string" || (path !== "" && !path.includes("/"))) throw refused();
  return path
    .split("/")
    .slice(1)
    .map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function valueOf(operation: JsonObject): Json {
  if (!("value" in operation)) throw refused();
  return operation["value"] ?? null;
}

type Edit = (holder: JsonObject | readonly Json[], key: string) => Json;

function change(document: Json, path: readonly string[], edit: Edit): Json {
  const [key, ...below] = path;
  if (key === undefined || !(isList(document) || isObject(document))) throw refused();
  if (below.length === 0) return edit(document, key);
  return put(document, key, change(get(document, key), below, edit));
}

function read(document: Json, path: readonly string[]): Json {
  return path.reduce<Json>((value, key) => {
    if (!(isList(value) || isObject(value))) throw refused();
    return get(value, key);
  }, document);
}

function test(document: Json, path: readonly string[], expected: Json): void {
  const last = path.at(-1);
  const holder = read(document, path.slice(0, -1));
  // A key that is not there equals null.
  const isAbsent = last !== undefined && isObject(holder) && !Object.hasOwn(holder, last);
  if (!equalJson(isAbsent ? null : read(document, path), expected)) throw refused();
}

function get(holder: JsonObject | readonly Json[], key: string): Json {
  const value = isList(holder) ? holder[indexIn(holder, key)] : Object.hasOwn(holder, key) ? holder[key] : undefined;
  if (value === undefined) throw refused();
  return value;
}

function put(holder: JsonObject | readonly Json[], key: string, value: Json): Json {
  return isList(holder) ? holder.with(indexIn(holder, key), value) : { ...holder, [key]: value };
}

function add(holder: JsonObject | readonly Json[], key: string, value: Json): Json {
  if (!isList(holder)) return { ...holder, [key]: value };
  if (key === "-") return [...holder, value];
  return holder.toSpliced(indexWithin(holder.length + 1, key), 0, value);
}

function remove(holder: JsonObject | readonly Json[], key: string): Json {
  if (isList(holder)) return holder.toSpliced(indexIn(holder, key), 1);
  if (!Object.hasOwn(holder, key)) throw refused();
  const { [key]: _, ...rest } = holder;
  return rest;
}

function replace(holder: JsonObject | readonly Json[], key: string, value: Json): Json {
  get(holder, key);
  return put(holder, key, value);
}

function indexIn(list: readonly Json[], key: string): number {
  return indexWithin(list.length, key);
}

/** Negative indices count from the end, as in the library that Kubernetes uses. */
function indexWithin(length: number, key: string): number {
  const given = /^[+-]?\d+$/.test(key) ? Number(key) : Number.NaN;
  const index = given < 0 ? given + length : given;
  if (!(index >= 0 && index < length)) throw refused();
  return index;
}
