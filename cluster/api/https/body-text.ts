import { ApiError, type KubeObject } from "../../client.ts";
import { readApplied } from "../apply/index.ts";
import { protobufType } from "../protobuf.ts";
import { badRequest } from "../refusal.ts";
import type { Resource } from "../resource-table.ts";
import type { WriteOptions } from "../server.ts";
import { contentType, type Exchange, readBody } from "./exchange.ts";
import { duplicateKeys, parseJson } from "./json-text.ts";

const accepted = `application/json, application/yaml, ${protobufType}`;

/** The body of a request as an object of `resource`; refused when it says that it is something else. */
export async function objectBody(
  exchange: Exchange,
  resource: Resource,
  { fieldValidation, warn }: Pick<WriteOptions, "fieldValidation" | "warn"> = {},
): Promise<KubeObject> {
  const { value, duplicates } = parse(await readBody(exchange), contentType(exchange), resource.kind);
  const handled = `${resource.kind} in version "${resource.version}" cannot be handled as a ${resource.kind}`;
  if (duplicates.length > 0 && fieldValidation === "Strict") {
    throw badRequest(`${handled}: strict decoding error: ${duplicates.join(", ")}`);
  }
  if (fieldValidation === "Warn") for (const duplicate of duplicates) warn?.(duplicate);
  if (!isMap(value)) {
    const given = Array.isArray(value) ? "array" : typeof value;
    const why = `json: cannot unmarshal ${given} into Go value of type struct { APIVersion string; Kind string }`;
    throw badRequest(`couldn't get version/kind; json parse error: ${why}`);
  }
  const object = value as unknown as KubeObject;
  checkKind(object, resource);
  const metadata: unknown = object.metadata ?? {};
  if (!isMap(metadata)) {
    const why = `json: cannot unmarshal ${typeof metadata} into Go struct field ${resource.kind}.metadata of type v1.ObjectMeta`;
    throw badRequest(`${handled}: ${why}`);
  }
  return { ...object, metadata };
}

/** A body that was read, and what is said of keys that stand twice in it. */
interface Parsed {
  readonly value: unknown;
  readonly duplicates: readonly string[];
}

function parse(text: string, type: string, kind: string): Parsed {
  const unrecognized = `the object provided is unrecognized (must be of type ${kind})`;
  if (type === "application/json" || type === protobufType || type === "") {
    try {
      const value = parseJson(text);
      return { value, duplicates: duplicateKeys(text).map((path) => `duplicate field ${JSON.stringify(path)}`) };
    } catch (error) {
      const why = `couldn't get version/kind; json parse error: ${(error as Error).message}`;
      throw badRequest(`${unrecognized}: ${why}`);
    }
  }
  if (type !== "application/yaml") {
    const message = `the body of the request was in an unknown format - accepted media types include: ${accepted}`;
    throw new ApiError(415, "UnsupportedMediaType", message);
  }
  try {
    const { body, duplicates } = readApplied(text);
    const said = duplicates?.replace(/^error converting YAML to JSON: /, "");
    return { value: body, duplicates: said === undefined ? [] : [said] };
  } catch (error) {
    const why = (error as Error).message.replace(/^error decoding YAML: (error converting YAML to JSON: )?/, "");
    throw badRequest(`${unrecognized}: ${why} (${summary(text)})`);
  }
}

/** The first bytes of a body, so that one who sent something else sees what arrived. */
function summary(text: string): string {
  const bytes = Buffer.from(text);
  return bytes.length > 30 ? `${bytes.subarray(0, 30).toString("hex")} ...` : bytes.toString("hex");
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function checkKind({ kind, apiVersion = "" }: Partial<KubeObject>, resource: Resource): void {
  if (kind && kind !== resource.kind) {
    const version = (apiVersion || resource.apiVersion).split("/").at(-1) ?? "";
    const group = resource.group === "" ? "core" : (resource.group.split(".")[0] ?? "");
    const why = `converting (${version}.${kind}) to (${group}.${resource.kind}): unknown conversion`;
    throw badRequest(`${kind} in version "${version}" cannot be handled as a ${resource.kind}: ${why}`);
  }
  if (apiVersion !== "" && apiVersion !== resource.apiVersion) {
    const expected = `the expected API version (${resource.apiVersion})`;
    throw badRequest(`the API version in the data (${apiVersion}) does not match ${expected}`);
  }
}
