import { readFile } from "node:fs/promises";
import { text as readAll } from "node:stream/consumers";
import { loadAll } from "js-yaml";
import { isJsonObject } from "../model/json.ts";
import type { Json } from "../model/json.ts";
import type { KubeObject } from "../model/kube-object.ts";
import { ProblemError } from "../model/problem.ts";
import { jsonValues } from "./json-values.ts";

/**
 * Reads Kubernetes objects from a file, or from standard input for `-`: YAML documents, or JSON values one after another; a
 * list stands for its items. Rejects with `ProblemError` that names the document.
 */
export async function readObjects(file: string): Promise<readonly KubeObject[]> {
  const isPiped = file === "-";
  const content = isPiped ? await readAll(process.stdin) : await readFile(file, "utf8").catch(unreadable(file));
  const name = isPiped ? "standard input" : file;
  const documents = parse(name, content.replace(/^\uFEFF/, ""));
  return documents.flatMap((value, index) => objectsIn(value, `${name}, document ${index + 1}`));
}

/** Rejects with what keeps a file from being read, and the remedy. */
export function unreadable(file: string): (error: NodeJS.ErrnoException) => never {
  return ({ code }) => {
    const message = `${file} cannot be read (${code ?? "unknown error"})`;
    throw new ProblemError({ code: "file-unreadable", message, remedy: "name a file, or - for standard input" });
  };
}

function parse(file: string, content: string): readonly unknown[] {
  try {
    // What is JSON as a whole is read so: that is much faster, and programs print values without `---` in between.
    const values = jsonValues(content);
    if (values) return values;
  } catch (error) {
    throw invalid(`${file},`, (error as Error).message);
  }
  try {
    // Of a key that stands twice the last counts, as kubectl reads it.
    return loadAll(content, { json: true }).filter((value) => value !== null && value !== undefined);
  } catch (error) {
    throw invalid(file, `is neither YAML nor JSON: ${(error as Error).message.split("\n")[0]}`);
  }
}

/** `of` is what a list says of its items, which say it themselves only where kubectl prints them. */
function objectsIn(value: unknown, where: string, of: { readonly [key: string]: string } = {}): readonly KubeObject[] {
  if (Array.isArray(value)) return value.flatMap((item) => objectsIn(item, where, of));
  if (!isJsonObject(value)) throw invalid(where, "is no Kubernetes object: it has no members");
  const { apiVersion = of["apiVersion"], kind = of["kind"] } = value;
  if (!isText(apiVersion) || !isText(kind)) {
    throw invalid(where, "is no Kubernetes object: it has no apiVersion and kind");
  }
  const items = value["items"];
  if (kind.endsWith("List") && (Array.isArray(items) || items === null)) {
    const single = kind.slice(0, -"List".length);
    return objectsIn((items ?? []) as readonly Json[], where, single === "" ? {} : { apiVersion, kind: single });
  }
  const metadata = value["metadata"] ?? {};
  if (!isJsonObject(metadata)) throw invalid(where, "has a metadata that is not an object");
  const { name = "", namespace = "" } = metadata;
  if (typeof name !== "string" || typeof (namespace ?? "") !== "string") {
    throw invalid(where, "has a metadata.name or metadata.namespace that is not a string");
  }
  return [{ ...value, apiVersion, kind, metadata: { ...metadata, name } }];
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function invalid(where: string, why: string): ProblemError {
  const remedy = "give what kubectl get -o yaml or -o json prints, or JSON objects one after another";
  return new ProblemError({ code: "objects-invalid", message: `${where} ${why}`, remedy });
}
