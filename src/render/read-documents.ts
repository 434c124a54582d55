import { EVENT_ID, YAMLException, constructFromEvents, parseEvents } from "js-yaml";
import type { Event } from "js-yaml";
import type { Json } from "../model/json.ts";
import { isJsonObject } from "../model/json.ts";
import type { Place, Problem, Result } from "../model/problem.ts";
import { indentFlows } from "./indent-flows.ts";
import { kubeSchema } from "./kube-schema.ts";
import { limits } from "./limits.ts";
import { NotJson, toJson } from "./to-json.ts";

/** One file of an application's directory; `path` is relative to the repository. */
export interface SourceFile {
  readonly path: string;
  readonly content: Buffer;
}

/** One value of a file (a document, or an item of a List) and the line where it begins. */
export interface ReadValue {
  readonly value: Json;
  readonly where: Place;
}

/** Every value of a YAML or JSON file, Lists unwrapped, empty documents left out. */
export function readDocuments(file: SourceFile, schema = kubeSchema): Result<readonly ReadValue[]> {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(file.content);
  } catch {
    return refused({
      code: "manifest-not-utf8",
      message: "The file is not UTF-8 text.",
      where: { file: file.path },
      remedy: "Save it as UTF-8.",
    });
  }
  if (text.startsWith("version https://git-lfs.github.com/spec/")) return refused(lfsPointer(file.path));
  let documents: readonly (readonly Event[])[];
  try {
    ({ text, documents } = parse(text));
  } catch (error) {
    return refused(yamlProblem(file.path, error, 1));
  }
  const lineOf = lineCounter(text);
  if (documents.length > limits.documents) return refused(tooManyDocuments(file.path, documents.length));
  const values: ReadValue[] = [];
  const problems: Problem[] = [];
  for (const events of documents) {
    const line = lineOf(startOf(events[1]));
    try {
      const [made] = constructFromEvents([...events], { source: text, schema, maxAliases: limits.aliases });
      const value = toJson(made ?? null);
      const places = listItemOffsets(events, text).map((offset) => ({ file: file.path, line: lineOf(offset) }));
      if (value !== null) values.push(...unwrap({ value, where: { file: file.path, line } }, places));
    } catch (error) {
      problems.push(yamlProblem(file.path, error, line));
    }
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, value: values };
}

/** The documents of a text, which may come back with more spaces in its lines. */
function parse(text: string): { readonly text: string; readonly documents: readonly (readonly Event[])[] } {
  const parsed = (source: string): readonly (readonly Event[])[] =>
    splitDocuments(parseEvents(source, { maxDepth: limits.depth }));
  try {
    return { text, documents: parsed(text) };
  } catch (error) {
    if (!(error instanceof YAMLException) || error.reason !== "deficient indentation") throw error;
    const indented = indentFlows(text);
    return { text: indented, documents: parsed(indented) };
  }
}

function refused(problem: Problem): { readonly ok: false; readonly problems: readonly Problem[] } {
  return { ok: false, problems: [problem] };
}

function lfsPointer(file: string): Problem {
  return {
    code: "lfs-pointer",
    message:
      "The file is kept by Git LFS, so the repository holds only a pointer to it; such pointers are never followed.",
    where: { file },
    remedy: "Commit the manifest itself: git lfs untrack it, then add it again.",
  };
}

function tooManyDocuments(file: string, count: number): Problem {
  return {
    code: "too-many-documents",
    message: `The file holds ${count} documents; at most ${limits.documents} are taken.`,
    where: { file },
    remedy: "Split it into several applications.",
  };
}

/** The exception's own words and never its excerpt of the file: that may be a Secret. */
function yamlProblem(file: string, error: unknown, line: number): Problem {
  if (error instanceof NotJson) {
    return {
      code: error.code,
      message: `The file cannot be used: ${error.message}.`,
      where: { file, line },
      remedy: error.remedy,
    };
  }
  if (!(error instanceof YAMLException)) {
    return {
      code: "manifest-not-yaml",
      message: "The file is too tangled to be read as YAML.",
      where: { file, line },
      remedy: "Simplify it.",
    };
  }
  const where = { file, line: error.mark ? error.mark.line + 1 : line };
  // An alias or a tag is text of the file: a password that begins with * or ! is taken for one.
  const why = error.reason.replace(/\.$/, "").replace(/ ?("[^]*"|!<[^]*>)/, "");
  if (/duplicated mapping key/.test(why)) {
    return {
      code: "yaml-duplicate-key",
      message: "A key stands twice in the same mapping.",
      where,
      remedy: "Keep one of them.",
    };
  }
  if (/alias/.test(why) && /exceed|max|limit/i.test(why)) {
    return {
      code: "yaml-too-many-aliases",
      message: `The document uses more than ${limits.aliases} aliases.`,
      where,
      remedy: "Write the values out.",
    };
  }
  if (/depth|nesting/i.test(why)) {
    return {
      code: "yaml-too-deep",
      message: `The document is nested deeper than ${limits.depth} levels.`,
      where,
      remedy: "Flatten it.",
    };
  }
  return {
    code: "manifest-not-yaml",
    message: `The file is not valid YAML: ${why}.`,
    where,
    remedy: "Mend the line; check indentation, colons and quotes; quote a text that begins with *, & or !.",
  };
}

function splitDocuments(events: readonly Event[]): readonly (readonly Event[])[] {
  const documents: Event[][] = [];
  for (const event of events) {
    if (event.type === EVENT_ID.DOCUMENT) documents.push([event]);
    else documents.at(-1)?.push(event);
  }
  return documents;
}

function startOf(event: Event | undefined): number {
  if (event === undefined) return 0;
  if ("start" in event) return event.start;
  if ("valueStart" in event) return event.valueStart;
  return "anchorStart" in event ? event.anchorStart : 0;
}

/** Where the items of the top mapping's `items` begin. */
function listItemOffsets(events: readonly Event[], text: string): readonly number[] {
  const offsets: number[] = [];
  let depth = 0;
  let children = 0;
  let inItems = false;
  let itemsNext = false;
  for (const event of events.slice(1)) {
    if (event.type === EVENT_ID.POP) {
      depth -= 1;
      if (depth === 1) inItems = false;
      continue;
    }
    if (depth === 2 && inItems) offsets.push(startOf(event));
    if (depth === 1) {
      if (children % 2 === 1) inItems = itemsNext && event.type === EVENT_ID.SEQUENCE;
      itemsNext = event.type === EVENT_ID.SCALAR && text.slice(event.valueStart, event.valueEnd) === "items";
      children += 1;
    }
    if (event.type === EVENT_ID.MAPPING || event.type === EVENT_ID.SEQUENCE) depth += 1;
  }
  return offsets;
}

function unwrap(read: ReadValue, places: readonly Place[], depth = 0): readonly ReadValue[] {
  const { value, where } = read;
  const kind = isJsonObject(value) ? value["kind"] : undefined;
  const items = isJsonObject(value) && typeof kind === "string" && kind.endsWith("List") ? value["items"] : undefined;
  if (!Array.isArray(items) || depth > 3) return [read];
  return (items as readonly Json[]).flatMap((item, index) =>
    unwrap({ value: item, where: places[index] ?? where }, [], depth + 1),
  );
}

/** Line numbers (1-based) of offsets, by bisection. */
function lineCounter(text: string): (offset: number) => number {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}
