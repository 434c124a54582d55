import type { IncomingMessage } from "node:http";
import { ApiError, type KubeObject } from "../../client.ts";
import { readApplied } from "../apply/index.ts";
import { badRequest } from "../refusal.ts";
import type { Resource } from "../resource-table.ts";
import type { WriteOptions } from "../server.ts";
import { duplicateKeys } from "./duplicate-keys.ts";

/** As much as Kubernetes takes in one request. */
const mostBytes = 3 * 1024 * 1024;

/** The body of a request; refused when it is too large. */
export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > mostBytes) {
      const message = `Request entity too large: limit is ${mostBytes}`;
      throw new ApiError(413, "RequestEntityTooLarge", message);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

const accepted = "application/json, application/yaml, application/vnd.kubernetes.protobuf";

/** A body that was read, and what is said of keys that stand twice in it. */
interface Parsed {
  readonly value: unknown;
  readonly duplicates: readonly string[];
}

/** Reads JSON or YAML by its content type; anything else is 415. */
export function parseBody(text: string, contentType: string | undefined, kind: string): unknown {
  return parse(text, contentType, kind).value;
}

function parse(text: string, contentType: string | undefined, kind: string): Parsed {
  const type = (contentType ?? "application/json").split(";")[0]?.trim() ?? "";
  const unrecognized = `the object provided is unrecognized (must be of type ${kind})`;
  if (type === "application/json" || type === "") {
    try {
      const value: unknown = JSON.parse(text);
      return { value, duplicates: duplicateKeys(text).map((path) => `duplicate field ${JSON.stringify(path)}`) };
    } catch (error) {
      throw badRequest(`${unrecognized}: couldn't get version/kind; json parse error: ${goJsonError(text, error)}`);
    }
  }
  if (type === "application/yaml") {
    try {
      const { body, duplicates } = readApplied(text);
      return {
        value: body,
        duplicates: duplicates === undefined ? [] : [duplicates.replace(/^error converting YAML to JSON: /, "")],
      };
    } catch (error) {
      const why = (error as Error).message.replace(/^error decoding YAML: (error converting YAML to JSON: )?/, "");
      throw badRequest(`${unrecognized}: ${why} (${summary(text)})`);
    }
  }
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted}`;
  throw new ApiError(415, "UnsupportedMediaType", message);
}

/** The first bytes of a body, so that one who sent something else sees what arrived. */
function summary(text: string): string {
  const bytes = Buffer.from(text);
  return bytes.length > 30 ? `${bytes.subarray(0, 30).toString("hex")} ...` : bytes.toString("hex");
}

/** What Go says of a text that is no JSON. */
export function goJsonError(text: string, error: unknown): string {
  const message = (error as Error).message;
  if (/Unexpected end/.test(message)) return "unexpected end of JSON input";
  const found = text.trim()[0] ?? "";
  return /^[[{"]/.test(found) ? message : `invalid character '${found}' looking for beginning of value`;
}

/** A body as an object of the resource that the URL names; refused when it says that it is something else. */
export function objectBody(
  text: string,
  contentType: string | undefined,
  resource: Resource,
  { fieldValidation, warn }: Pick<WriteOptions, "fieldValidation" | "warn"> = {},
): KubeObject {
  const { value: body, duplicates } = parse(text, contentType, resource.kind);
  if (duplicates.length > 0 && fieldValidation === "Strict") {
    const handled = `${resource.kind} in version "${resource.version}" cannot be handled as a ${resource.kind}`;
    throw badRequest(`${handled}: strict decoding error: ${duplicates.join(", ")}`);
  }
  if (fieldValidation === "Warn") for (const duplicate of duplicates) warn?.(duplicate);
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    const given = Array.isArray(body) ? "array" : typeof body;
    const why = `json: cannot unmarshal ${given} into Go value of type struct { APIVersion string; Kind string }`;
    throw badRequest(`couldn't get version/kind; json parse error: ${why}`);
  }
  const object = body as KubeObject;
  checkKind(object, resource);
  const metadata: unknown = object.metadata ?? {};
  if (typeof metadata !== "object" || Array.isArray(metadata)) {
    throw badRequest(
      `${resource.kind} in version "${resource.version}" cannot be handled as a ${resource.kind}: json: cannot unmarshal ${typeof metadata} into Go struct field ${resource.kind}.metadata of type v1.ObjectMeta`,
    );
  }
  return { ...object, metadata: object.metadata ?? {} };
}

function checkKind({ kind, apiVersion }: Partial<KubeObject>, resource: Resource): void {
  if (kind && kind !== resource.kind) {
    const version = (apiVersion ?? resource.apiVersion).split("/").at(-1) ?? "";
    const group = resource.group === "" ? "core" : (resource.group.split(".")[0] ?? "");
    throw badRequest(
      `${kind} in version "${version}" cannot be handled as a ${resource.kind}: converting (${version}.${kind}) to (${group}.${resource.kind}): unknown conversion`,
    );
  }
  if (apiVersion && apiVersion !== resource.apiVersion) {
    throw badRequest(
      `the API version in the data (${apiVersion}) does not match the expected API version (${resource.apiVersion})`,
    );
  }
}
