import { isMap, isScalar, isSeq } from "yaml";
import type { Document, Scalar, YAMLMap } from "yaml";
import type { Pin } from "./pin-references.ts";
import { parseReference } from "./reference.ts";

/** A part of a text and what is to stand in its place; nothing is taken away where `from` is `to`. */
export interface Splice {
  readonly from: number;
  readonly to: number;
  readonly text: string;
  readonly repository: string;
}

/**
 * Pins what a kustomization says under `images`: there tag and digest stand beside the name, as `newTag` and `digest`. Only
 * those two values change; one that is missing is written after the last, in the layout of the entry.
 */
export function pinKustomization(document: Document, text: string, pins: readonly Pin[]): readonly Splice[] {
  const { contents } = document;
  if (!isMap(contents)) return [];
  const images: unknown = contents.get("images", true);
  if (!isSeq(images)) return [];
  return images.items.flatMap((entry) => {
    if (!isMap(entry)) return [];
    const name: unknown = entry.get("newName") ?? entry.get("name");
    const pin = pins.find(({ repository }) => repository === name);
    const reference = pin && parseReference(pin.reference);
    if (!reference) return [];
    const tag = reference.tag === undefined ? [] : pinMember(entry, "newTag", reference.tag, text, pin);
    const digest = reference.digest === undefined ? [] : pinMember(entry, "digest", reference.digest, text, pin);
    return [...tag, ...digest];
  });
}

function pinMember(entry: YAMLMap, key: string, value: string, text: string, pin: Pin): readonly Splice[] {
  const { repository } = pin;
  const found: unknown = entry.get(key, true);
  if (isScalar(found) && found.range) {
    const [from, to] = found.range;
    const isSame = found.value === value;
    return [{ from, to, text: isSame ? text.slice(from, to) : quoted(value, found), repository }];
  }
  const last = entry.items.findLast(({ value: member }) => isScalar(member) && member.range);
  const [first] = entry.items;
  if (!last || !first || !isScalar(last.value) || !last.value.range || !isScalar(first.key) || !first.key.range)
    return [];
  const [, end] = last.value.range;
  if (entry.flow) return [{ from: end, to: end, text: `, ${key}: ${quoted(value)}`, repository }];
  const start = first.key.range[0];
  const indent = " ".repeat(start - (text.lastIndexOf("\n", start - 1) + 1));
  // A comment behind the last value stays with it.
  const at = end + text.slice(end).search(/\r?\n|$/);
  return [{ from: at, to: at, text: `\n${indent}${key}: ${quoted(value)}`, repository }];
}

/** A tag may look like a number, which kustomize does not take for text. */
function quoted(value: string, before?: Scalar): string {
  const isPlain = /^(sha256:|[A-Za-z])[\w.-]*$/.test(value) && !/^(true|false|yes|no|on|off|null|y|n)$/i.test(value);
  if (before?.type === "QUOTE_DOUBLE" || !isPlain) return JSON.stringify(value);
  return before?.type === "QUOTE_SINGLE" ? `'${value}'` : value;
}
