import type { Resource } from "./resource-table.ts";
import { badRequest } from "./refusal.ts";
import type { JsonMap, StoredObject } from "./stored-object.ts";

/** Whether an object is meant. */
export type Selector = (object: StoredObject) => boolean;

type Labels = Readonly<Record<string, string>>;
type Requirement = (labels: Labels) => boolean;

/** One token of a label selector: an operator or punctuation, or a word. */
interface Token {
  readonly kind: "symbol" | "word" | "end";
  readonly text: string;
}

/** Reads a label selector such as `app=web,tier in (a, b),!old`; a wrong one is refused in Kubernetes' words. */
export function labelSelector(text: string): Selector {
  const tokens = [...text.matchAll(/\s*(?:(==|!=|=|!|,|\(|\)|>|<)|([^\s=!,()><]+))/g)].map(([, symbol, word]): Token =>
    symbol === undefined ? { kind: "word", text: word ?? "" } : { kind: "symbol", text: symbol },
  );
  const requirements = new LabelReader(tokens).requirements();
  return ({ metadata }) => requirements.every((fits) => fits(metadata.labels ?? {}));
}

/** Reads the tokens of a label selector from left to right. */
class LabelReader {
  #at = 0;
  readonly #tokens: readonly Token[];

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  requirements(): readonly Requirement[] {
    const found: Requirement[] = [];
    if (this.#peek().kind === "end") return found;
    for (;;) {
      found.push(this.#requirement());
      const next = this.#next();
      if (next.kind === "end") return found;
      if (next.text !== "," || next.kind === "word")
        throw badRequest(`found '${next.text}', expected: ',' or 'end of string'`);
    }
  }

  #requirement(): Requirement {
    if (this.#peek().kind === "symbol" && this.#peek().text === "!") {
      this.#next();
      const key = this.#key();
      return (labels) => labels[key] === undefined;
    }
    const key = this.#key();
    const operator = this.#peek();
    if (operator.kind === "end" || (operator.kind === "symbol" && operator.text === ",")) {
      return (labels) => labels[key] !== undefined;
    }
    this.#next();
    switch (operator.text) {
      case "in":
      case "notin": {
        const values = this.#values();
        if (operator.text === "in") return (labels) => labels[key] !== undefined && values.includes(labels[key]);
        return (labels) => labels[key] === undefined || !values.includes(labels[key]);
      }
      case "=":
      case "==": {
        const value = this.#value();
        return (labels) => labels[key] === value;
      }
      case "!=": {
        const value = this.#value();
        return (labels) => labels[key] !== value;
      }
      case ">":
      case "<": {
        const bound = Number(this.#value());
        const sign = operator.text === ">" ? 1 : -1;
        return (labels) => labels[key] !== undefined && sign * (Number(labels[key]) - bound) > 0;
      }
      default:
        throw badRequest(
          `unable to parse requirement: found '${operator.text}', expected: in, notin, =, ==, !=, gt, lt`,
        );
    }
  }

  #key(): string {
    const token = this.#next();
    if (token.kind !== "word") {
      throw badRequest(`found '${token.text}', expected: !, identifier, or 'end of string'`);
    }
    return token.text;
  }

  #value(): string {
    const token = this.#peek();
    if (token.kind !== "word") return "";
    this.#next();
    return token.text;
  }

  #values(): readonly string[] {
    const open = this.#next();
    if (open.text !== "(") throw badRequest(`unable to parse requirement: found '${open.text}', expected: '('`);
    const values: string[] = [];
    for (;;) {
      const token = this.#next();
      if (token.kind === "word") values.push(token.text);
      else if (token.text === ")") return values.length === 0 ? [""] : values;
      else if (token.text !== ",") {
        throw badRequest(`unable to parse requirement: found '${token.text}', expected: ',', ')' or identifier`);
      }
    }
  }

  #peek(): Token {
    return this.#tokens[this.#at] ?? { kind: "end", text: "" };
  }

  #next(): Token {
    const token = this.#peek();
    this.#at += 1;
    return token;
  }
}

/** Reads a field selector such as `metadata.name=a,status.phase!=Running` for the fields that the kind supports. */
export function fieldSelector(resource: Resource, text: string): Selector {
  const supported = ["metadata.name", "metadata.namespace", ...resource.fields];
  const terms = splitTerms(text).map((term) => {
    const match = /^(.*?)(!=|==|=)(.*)$/s.exec(term);
    if (!match) throw badRequest(`invalid selector: '${term}'; can't understand '${term}'`);
    const [, path = "", operator, raw = ""] = match;
    if (!supported.includes(path)) throw badRequest(`field label not supported: ${path}`);
    const value = raw.replaceAll(/\\(.)/g, "$1");
    return (object: StoredObject) => (fieldOf(object, path) === value) === (operator !== "!=");
  });
  return (object) => terms.every((fits) => fits(object));
}

function splitTerms(text: string): readonly string[] {
  return text.split(/(?<!\\),/).filter((term) => term !== "");
}

/** Fields whose absence means a value. */
const absent: Readonly<Record<string, string>> = { "spec.hostNetwork": "false", "spec.unschedulable": "false" };

function fieldOf(object: StoredObject, path: string): string {
  if (path === "source")
    return text((object["source"] as JsonMap | undefined)?.["component"] ?? object["reportingComponent"]);
  let value: unknown = object;
  for (const key of path.split(".")) value = (value as JsonMap | undefined)?.[key];
  return value === undefined ? (absent[path] ?? "") : text(value);
}

function text(value: unknown): string {
  return typeof value === "string" ? value : value === undefined ? "" : JSON.stringify(value);
}
