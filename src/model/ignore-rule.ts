import type { Place } from "./problem.ts";

/** One step to a field: a member by its name, or the items of a list whose members say so (`{}`: all of them). */
export type FieldStep = string | { readonly [member: string]: string };

/** The way to a field of an object. */
export type FieldSteps = readonly FieldStep[];

/** Fields of some objects that are Git's only when the object is created, and others' from then on (behaviour D5). */
export interface IgnoreRule {
  /** `Kind`, or `group/Kind`. */
  readonly kind: string;
  /** Which of them: a name, in which a star stands for any text. */
  readonly name: string;
  readonly fields: readonly FieldSteps[];
  /** Set where the rule is an application's own, so that it must fit something. */
  readonly where?: Place;
}

/** A field of one object that is left to others. */
export interface IgnoredField {
  readonly steps: FieldSteps;
  /** Whose it is, where Plumbline knows that by itself: `HorizontalPodAutoscaler web`. */
  readonly leftTo?: string;
}

/** Items are named so: `[web]`, `[port=53,protocol=UDP]`, `[*]`. */
const part = /\.?([A-Za-z_$][\w$-]*)|\[("(?:[^"\\]|\\.)*"|'[^']*')\]|\[([^\]"']*)\]/y;

/**
 * The steps of a field as people write it: like records name it, `spec.template.spec.containers[web].image`, or as a JSON pointer,
 * `/spec/replicas`. Undefined where it is neither; a pointer names no item of a list, whose places are nobody's to rely on.
 */
export function parseField(text: string): FieldSteps | undefined {
  if (text.startsWith("/")) {
    const names = text.slice(1).split("/").map(unescaped);
    return names.every((name) => name !== "" && !/^\d+$/.test(name)) ? names : undefined;
  }
  const steps: FieldStep[] = [];
  part.lastIndex = 0;
  while (part.lastIndex < text.length) {
    const [, plain, quoted, item] = part.exec(text) ?? [];
    const step = plain ?? (quoted === undefined ? item && parseItem(item) : quoted.slice(1, -1));
    if (step === undefined || step === "") return undefined;
    steps.push(step);
  }
  return typeof steps[0] === "string" ? steps : undefined;
}

function unescaped(name: string): string {
  return name.replaceAll("~1", "/").replaceAll("~0", "~");
}

function parseItem(text: string): FieldStep | undefined {
  if (text === "*") return {};
  if (!text.includes("=")) return { name: text };
  const pairs = text.split(",").map((pair) => /^([A-Za-z]\w*)=(.+)$/.exec(pair));
  return pairs.some((pair) => pair === null)
    ? undefined
    : Object.fromEntries(pairs.map((pair) => [pair?.[1] ?? "", pair?.[2] ?? ""]));
}
