import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { packageFile } from "../cli/package-root.ts";

type Schema = { readonly [key: string]: unknown };

const published = JSON.parse(readFileSync(packageFile("docs", "status-document.schema.json"), "utf8")) as Schema;
const options = { strict: false, validateFormats: false, allErrors: true };
const known = new Ajv2020(options).compile(closed(published) as Schema);
const open = new Ajv2020(options).compile(published);

/** What the published schema has against a document of today: a member that it does not describe is a fault as well. */
export function faultsOf(document: unknown): readonly string[] {
  return known(document) ? [] : (known.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

/** Whether those who read by the published schema take a document, which may be of a later engine. */
export function isTaken(document: unknown): boolean {
  return open(document);
}

/** The same schema, but that nothing may be in it that it does not describe. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== "object" || schema === null) return schema;
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  return "properties" in schema && "required" in schema ? { ...inner, additionalProperties: false } : inner;
}
