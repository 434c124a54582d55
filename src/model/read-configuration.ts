import { LineCounter, isMap, isScalar, isSeq, parseDocument } from "yaml";
import type { Document, Node } from "yaml";
import type { z } from "zod";
import type { Problem, Result } from "./problem.ts";

/** Configuration is short; what is longer is refused before it is read. */
export const maxConfigurationBytes = 64 * 1024;

/** Reads a configuration file by its schema; each problem names the line. */
export function readConfiguration<T>(file: string, content: Buffer, schema: z.ZodType<T>): Result<T> {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(content);
  } catch {
    return refuse([
      { code: "config-not-utf8", message: "The file is not UTF-8 text.", where: { file }, remedy: "Save it as UTF-8." },
    ]);
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  const line = (offset: number): number => lines.linePos(Math.min(offset, text.length)).line;
  const [wrong] = [...document.errors, ...document.warnings];
  if (wrong) return refuse([yamlProblem(file, line(wrong.pos[0]), wrong.message.split("\n")[0] ?? "")]);
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 50 });
  } catch (error) {
    return refuse([yamlProblem(file, 1, error instanceof Error ? error.message : "it cannot be read")]);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return { ok: true, value: parsed.data };
  return refuse(parsed.error.issues.flatMap((issue) => issueProblems(file, document, line, issue)));
}

function refuse(problems: readonly Problem[]): { readonly ok: false; readonly problems: readonly Problem[] } {
  return { ok: false, problems };
}

function yamlProblem(file: string, line: number, why: string): Problem {
  return {
    code: "config-not-yaml",
    message: `The file is not valid YAML: ${withoutSource(why).replace(/\.$/, "")}.`,
    where: { file, line },
    remedy: "Mend the line; indent with spaces, and name each key once.",
  };
}

/** The parser's words without the file's own behind a colon: a password that begins with * or ! is taken for an alias or a tag. */
function withoutSource(why: string): string {
  return why.replace(/(?<! ): [^]*$/, "").replace(/ ?!\S+/g, "");
}

type Issue = z.core.$ZodIssue;

function issueProblems(
  file: string,
  document: Document.Parsed,
  line: (offset: number) => number,
  issue: Issue,
): readonly Problem[] {
  const steps = issue.path.map((step) => (typeof step === "symbol" ? String(step) : step));
  const shown = steps
    .map((step, index) => (typeof step === "number" ? `[${step}]` : `${index > 0 ? "." : ""}${step}`))
    .join("");
  const paths = issue.code === "unrecognized_keys" ? issue.keys.map((key) => [...steps, key]) : [steps];
  const reason = issue.code === "invalid_key" ? (issue.issues[0]?.message ?? issue.message) : issue.message;
  return paths.map((path) => ({
    code: issue.code === "unrecognized_keys" ? "config-unknown-key" : "config-invalid",
    message: `${shown === "" ? "The file" : shown}: ${lowerFirst(reason)}.`,
    where: { file, line: line(offsetOf(document.contents, path)) },
    remedy:
      issue.code === "unrecognized_keys"
        ? "Remove the key or correct its spelling; the documentation lists all keys."
        : "Correct the value; the documentation shows an example of each key.",
  }));
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** Where the last step of a path is written: its key, its item, or the nearest thing around it. */
function offsetOf(root: Node | null, path: readonly (string | number)[]): number {
  let node: unknown = root;
  let offset = root?.range?.[0] ?? 0;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(step));
      if (pair === undefined) break;
      offset = (pair.key as Node).range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      offset = (node as Node | undefined)?.range?.[0] ?? offset;
    } else break;
  }
  return offset;
}
