import { createHash } from "node:crypto";
import type { Json, JsonObject } from "../../model/json.ts";
import { isJsonObject } from "../../model/json.ts";

/**
 * The suffix that kustomize gives to a generated ConfigMap or Secret: ten letters of the SHA-256 of its content, without
 * those that could make a word, so that names are the same as under other engines.
 */
export function contentHash(object: JsonObject): string {
  const hex = createHash("sha256")
    .update(goJson(hashed(object)))
    .digest("hex");
  const letters: { readonly [digit: string]: string } = { 0: "g", 1: "h", 3: "k", a: "m", e: "t" };
  return hex.slice(0, 10).replaceAll(/[013ae]/g, (digit) => letters[digit] ?? digit);
}

function hashed(object: JsonObject): JsonObject {
  const { kind, data, binaryData, stringData, type } = object;
  // kustomize reads the name where none is; the same names come out only of the same mistake.
  const name = "";
  if (kind === "Secret") {
    return { data: data ?? "", kind, name, ...(isJsonObject(stringData) ? { stringData } : {}), type: type ?? "" };
  }
  if (kind !== "ConfigMap") return object;
  return { ...(isJsonObject(binaryData) ? { binaryData } : {}), data: data ?? "", kind, name };
}

/** JSON as Go writes it: keys in order, and what HTML would take for its own in escapes. */
function goJson(value: Json | undefined): string {
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map((item) => goJson(item)).join(",")}]`;
  if (isJsonObject(value)) {
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    const sorted = members.toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    return `{${sorted.map(([key, member]) => `${goJson(key)}:${goJson(member)}`).join(",")}}`;
  }
  const escape = (letter: string): string => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(value ?? null).replaceAll(/[<>&\u2028\u2029]/g, escape);
}
