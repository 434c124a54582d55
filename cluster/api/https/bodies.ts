import { visit } from "jsonc-parser";
import { ApiError, type KubeObject } from "../../client.ts";
import { readApplied } from "../apply/index.ts";
import { jsonType } from "../apply/go-text.ts";
import { isMap, type JsonMap } from "../json.ts";
import { jsonOfProtobuf, protobufType } from "../protobuf.ts";
import { badRequest, invalid } from "../refusal.ts";
import type { Resource } from "../resource-table.ts";
import { invalidValue } from "../validation/causes.ts";
import type { Exchange } from "./exchange.ts";

/** As much as Kubernetes takes in one request. */
const mostBytes = 3 * 1024 * 1024;

/** The body of a request, protobuf as JSON; refused when it is too large. */
export async function readBody(exchange: Exchange): Promise<string> {
  const { request } = exchange;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > mostBytes) {
      throw new ApiError(413, "RequestEntityTooLarge", `Request entity too large: limit is ${mostBytes}`);
    }
    chunks.push(chunk);
  }
  const bytes = Buffer.concat(chunks);
  if (contentType(exchange) !== protobufType || size === 0) return bytes.toString("utf8");
  try {
    return jsonOfProtobuf(bytes);
  } catch (error) {
    throw badRequest(`the object provided is unrecognized: ${(error as Error).message}`);
  }
}

/** The media type of a request's body, without its parameters; "" where none is said. */
export function contentType({ request }: Exchange): string {
  return request.headers["content-type"]?.split(";")[0]?.trim() ?? "";
}

/** What the JavaScript engine says of a wrong character, and how Go's decoder goes on after naming it. */
const phrases: readonly (readonly [RegExp, string])[] = [
  [
    /^Expected property name or '}'|^Expected double-quoted property name/,
    "looking for beginning of object key string",
  ],
  [/^Expected ':'/, "after object key"],
  [/^Expected ',' or '}'|^Unexpected number/, "after object key:value pair"],
  [/^Expected ',' or ']'/, "after array element"],
  [/^Unexpected non-whitespace character/, "after top-level value"],
  [/^Bad control character/, "in string literal"],
  [/^Bad escaped character/, "in string escape code"],
  [/^No number after minus sign/, "in numeric literal"],
  [/^Unexpected token/, "looking for beginning of value"],
];

/** Reads JSON; the error of a text that is none is worded as Go's decoder words it. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const { message } = error as Error;
    const at = /at position (\d+)/.exec(message)?.[1];
    const found = at === undefined ? /^Unexpected token '(.)'/su.exec(message)?.[1] : text[Number(at)];
    const phrase = phrases.find(([pattern]) => pattern.test(message))?.[1];
    const shown = found === "'" ? "\\'" : JSON.stringify(found ?? "").slice(1, -1);
    const said = found === undefined || phrase === undefined ? undefined : `invalid character '${shown}' ${phrase}`;
    throw new SyntaxError(said ?? "unexpected end of JSON input", { cause: error });
  }
}

/** What is said of keys that stand twice in one object of a valid JSON text; the last of them counts. */
export function duplicateFields(text: string): readonly string[] {
  const seen = new Set<string>();
  const twice: string[] = [];
  visit(text, {
    onObjectProperty: (key, _offset, _length, _line, _character, parent) => {
      const path = [...parent(), key];
      const id = JSON.stringify(path);
      if (seen.has(id)) twice.push(`duplicate field ${JSON.stringify(path.reduce<string>(joined, ""))}`);
      seen.add(id);
    },
  });
  return twice;
}

function joined(before: string, step: string | number): string {
  return typeof step === "number" ? `${before}[${step}]` : before === "" ? step : `${before}.${step}`;
}

/** An object as a request gives it, and what Strict refuses and Warn tells of its text: keys that stand twice. */
export interface Given {
  readonly body: KubeObject;
  readonly mistakes: readonly string[];
}

/** The body of a request as an object of `resource`; refused when it says that it is something else. */
export async function objectBody(exchange: Exchange, resource: Resource): Promise<Given> {
  const { kind, version } = resource;
  const { value, mistakes } = parse(await readBody(exchange), contentType(exchange), kind);
  const refuse = (given: unknown, target: string): never => {
    const handled = `${kind} in version "${version}" cannot be handled as a ${kind}`;
    throw badRequest(`${handled}: json: cannot unmarshal ${jsonType(given)} into Go ${target}`);
  };
  if (!isMap(value)) return refuse(value, `value of type v1.${kind}`);
  checkKind(value, resource);
  const metadata = value["metadata"] ?? {};
  if (!isMap(metadata)) return refuse(metadata, `struct field ${kind}.metadata of type v1.ObjectMeta`);
  // Of the rest, apiVersion and kind are checked above; what else it says is for decoding to judge.
  const body: JsonMap = { ...value, metadata };
  return { body: body as KubeObject, mistakes };
}

/** Why one kind cannot be taken for another, in Kubernetes' words. */
export function unknownConversion(apiVersion: string, kind: string, resource: Resource): string {
  const group = resource.group === "" ? "core" : (resource.group.split(".")[0] ?? "");
  return `converting (${apiVersion.split("/").at(-1) ?? ""}.${kind}) to (${group}.${resource.kind}): unknown conversion`;
}

function checkKind({ kind, apiVersion = "", metadata }: Partial<KubeObject>, resource: Resource): void {
  if (kind && kind !== resource.kind) {
    const causes = [invalidValue("kind", kind, `must be ${resource.kind}`)];
    if (resource.custom) throw invalid({ ...resource, kind }, metadata?.name ?? "", causes);
    const given = apiVersion || resource.apiVersion;
    const version = given.split("/").at(-1) ?? "";
    const why = unknownConversion(given, kind, resource);
    throw badRequest(`${kind} in version "${version}" cannot be handled as a ${resource.kind}: ${why}`);
  }
  if (apiVersion === "" || apiVersion === resource.apiVersion) return;
  const expected = `the expected API version (${resource.apiVersion})`;
  throw badRequest(`the API version in the data (${apiVersion}) does not match ${expected}`);
}

/** A body that was read, and what is said of keys that stand twice in it. */
interface Parsed {
  readonly value: unknown;
  readonly mistakes: readonly string[];
}

/** Reads a body of JSON or YAML for a kind; anything else is 415. */
export function parse(text: string, type: string, kind: string): Parsed {
  const isJson = ["application/json", protobufType, ""].includes(type);
  if (!isJson && type !== "application/yaml")
    throw unknownFormat(["application/json", "application/yaml", protobufType]);
  try {
    return isJson ? parsedJson(text) : parsedYaml(text);
  } catch (error) {
    // The first of the body, so that one who sent something else sees what arrived.
    const encoding = text.startsWith("{") ? "utf8" : "hex";
    const bytes = Buffer.from(text);
    const first = `${bytes.subarray(0, 30).toString(encoding)}${bytes.length > 30 ? " ..." : ""}` || "<empty>";
    const unrecognized = `the object provided is unrecognized (must be of type ${kind})`;
    throw badRequest(`${unrecognized}: ${(error as Error).message} (${first})`);
  }
}

function parsedJson(text: string): Parsed {
  const beginning = "couldn't get version/kind; json parse error";
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    throw new Error(`${beginning}: ${(error as Error).message}`, { cause: error });
  }
  // Null is an object of which nothing is said.
  if (value === null) return { value: {}, mistakes: [] };
  const header = `struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`;
  if (!isMap(value))
    throw new Error(`${beginning}: json: cannot unmarshal ${jsonType(value)} into Go value of type ${header}`);
  return { value, mistakes: duplicateFields(text) };
}

function parsedYaml(text: string): Parsed {
  try {
    const { body, duplicates } = readApplied(text);
    const said = ["yaml: unmarshal errors:", ...duplicates].join("\n  ");
    return { value: body, mistakes: duplicates.length === 0 ? [] : [said] };
  } catch (error) {
    const why = (error as Error).message.replace(/^error decoding YAML: (error converting YAML to JSON: )?/, "");
    throw new Error(why, { cause: error });
  }
}

/** 415 for a body of a media type that is not accepted. */
export function unknownFormat(accepted: readonly string[]): ApiError {
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted.join(", ")}`;
  return new ApiError(415, "UnsupportedMediaType", message);
}
