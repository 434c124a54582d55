import { isScalar, LineCounter, parseAllDocuments, visit, type Document } from "yaml";
import { kustomizationNames } from "../model/kustomization.ts";
import type { Problem, Result } from "../model/problem.ts";
import { pinKustomization } from "./pin-kustomization.ts";
import type { Splice } from "./pin-kustomization.ts";
import { parseReference } from "./reference.ts";

/** An image to pin: every reference to `repository`, whatever its tag or digest, becomes `reference`. */
export interface Pin {
  readonly repository: string;
  /** The same image by its digest: `repository:tag@sha256:…`. */
  readonly reference: string;
}

/** A file with its references pinned; `places` are those found, changed or not. */
export interface Pinned {
  readonly text: string;
  readonly places: readonly { readonly repository: string; readonly line: number; readonly changed: boolean }[];
}

/** Under these keys a name stands alone, and its tag and digest elsewhere: kustomize's images, charts' values. */
const nameKeys: ReadonlySet<unknown> = new Set(["name", "newName", "repository"]);

/**
 * Pins images in one YAML file by replacing the text of those references and not one byte more. A file in which no
 * repository's name occurs is not parsed.
 */
export function pinReferences(text: string, file: string, pins: readonly Pin[]): Result<Pinned> {
  if (!pins.some(({ repository }) => text.includes(repository))) return { ok: true, value: { text, places: [] } };
  const lines = new LineCounter();
  // Comparing every key with every other would make a large map take minutes; nothing here depends on it.
  const parsed = parseAllDocuments(text, { lineCounter: lines, uniqueKeys: false });
  const documents = "empty" in parsed ? [] : parsed;
  const broken = documents.flatMap((document) => document.errors);
  if (broken.length > 0) {
    return {
      ok: false,
      problems: broken.map(({ message, pos }): Problem => ({
        code: "manifest-yaml",
        message: `is not YAML: ${message.split("\n", 1)[0]?.replace(/ at line \d+, column \d+:?$/, "") ?? ""}.`,
        where: { file, line: lines.linePos(pos[0]).line },
        remedy: "Correct the file in the deployment repository; nothing was changed.",
      })),
    };
  }
  const found = documents.flatMap((document) => referencesIn(document, pins));
  const named = found.map(({ value, start, end, pin }) => {
    const source = text.slice(start, end);
    const at = source.indexOf(value);
    // Escapes in quotes, or a text folded over lines: the value stands there in other letters.
    const [from, to] = at < 0 ? [start, end] : [start + at, start + at + value.length];
    const { reference } = pin;
    return { from, to, text: at < 0 ? JSON.stringify(reference) : reference, repository: pin.repository };
  });
  const isKustomization = kustomizationNames.some((name) => file === name || file.endsWith(`/${name}`));
  const beside = isKustomization ? documents.flatMap((document) => pinKustomization(document, text, pins)) : [];
  const splices = [...named, ...beside];
  return {
    ok: true,
    value: {
      text: splice(text, splices),
      places: splices.map(({ from, to, repository, text: pinned }) => ({
        repository,
        line: lines.linePos(from).line,
        changed: text.slice(from, to) !== pinned,
      })),
    },
  };
}

interface Found {
  readonly value: string;
  readonly start: number;
  readonly end: number;
  readonly pin: Pin;
}

function referencesIn(document: Document, pins: readonly Pin[]): readonly Found[] {
  const found: Found[] = [];
  visit(document, {
    Pair: (_, pair) => {
      const key: unknown = isScalar(pair.key) ? pair.key.value : pair.key;
      const value: unknown = isScalar(pair.value) ? pair.value.value : undefined;
      const alone =
        typeof value === "string" && nameKeys.has(key) && pins.some(({ repository }) => repository === value);
      return alone ? visit.SKIP : undefined;
    },
    Scalar: (key, node) => {
      if (key === "key" || typeof node.value !== "string" || !node.range) return;
      const name = parseReference(node.value)?.name;
      const pin = pins.find(({ repository }) => repository === name);
      if (pin) found.push({ value: node.value, start: node.range[0], end: node.range[1], pin });
    },
  });
  return found;
}

function splice(text: string, splices: readonly Splice[]): string {
  let at = 0;
  let result = "";
  for (const { from, to, text: replacement } of splices.toSorted((left, right) => left.from - right.from)) {
    result += text.slice(at, from) + replacement;
    at = to;
  }
  return result + text.slice(at);
}
