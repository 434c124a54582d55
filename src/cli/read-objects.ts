import { readFile } from "node:fs/promises";
import { text as readAll } from "node:stream/consumers";
import { loadAll } from "js-yaml";
import { isJsonObject } from "../model/json.ts";
import type { Json } from "../model/json.ts";
import type { KubeObject } from "../model/kube-object.ts";
import { ProblemError } from "../model/problem.ts";

/**
 * Reads Kubernetes objects from a file, or from standard input for `-`: YAML documents, JSON, or one JSON object a line; a
 * List stands for its items. Rejects with `ProblemError` that names the document.
 */
export async function readObjects(file: string): Promise<readonly KubeObject[]> {
  const isPiped = file === "-";
  const content = isPiped ? await readAll(process.stdin) : await readFile(file, "utf8").catch(unreadable(file));
  const name = isPiped ? "standard input" : file;
  return parse(name, content).flatMap((value, index) => objectsIn(value, `${name}, document ${index + 1}`));
}

/** Rejects with what keeps a file from being read, and the remedy. */
export function unreadable(file: string): (error: NodeJS.ErrnoException) => never {
  return ({ code }) => {
    const message = `${file} cannot be read (${code ?? "unknown error"})`;
    throw new ProblemError({ code: "file-unreadable", message, remedy: "name a file, or - for standard input" });
  };
}

function parse(file: string, content: string): readonly unknown[] {
  const lines = content.split("\n").filter((line) => line.trim() !== "");
  if (lines.length > 1 && lines.every((line) => line.startsWith("{"))) {
    return lines.map((line, index) => {
      try {
        return JSON.parse(line) as unknown;
      } catch (error) {
        throw invalid(`${file}, line ${index + 1}`, `is not JSON: ${(error as Error).message}`);
      }
    });
  }
  try {
    // Of a key that stands twice the last counts, as kubectl reads it.
    return loadAll(content, { json: true }).filter((value) => value !== null && value !== undefined);
  } catch (error) {
    throw invalid(file, `is neither YAML nor JSON: ${(error as Error).message.split("\n")[0]}`);
  }
}

function objectsIn(value: unknown, where: string): readonly KubeObject[] {
  if (Array.isArray(value)) return value.flatMap((item) => objectsIn(item, where));
  if (!isJsonObject(value) || typeof value["apiVersion"] !== "string" || typeof value["kind"] !== "string") {
    throw invalid(where, "is no Kubernetes object: it has no apiVersion and kind");
  }
  const items = value["items"];
  if (value["kind"].endsWith("List") && Array.isArray(items)) {
    return (items as readonly Json[]).flatMap((item) => objectsIn(item, where));
  }
  const metadata = isJsonObject(value["metadata"]) ? value["metadata"] : {};
  return [{ ...value, metadata: { name: "", ...metadata } } as KubeObject];
}

function invalid(where: string, why: string): ProblemError {
  const remedy = "give what kubectl get -o yaml or -o json prints, or one JSON object a line";
  return new ProblemError({ code: "objects-invalid", message: `${where} ${why}`, remedy });
}
