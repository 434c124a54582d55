/**
 * The JSON objects and lists that a text consists of, one after another with nothing but space between them, on one line or on
 * many; undefined where there is anything else, as in YAML. Throws with the line where one that begins is no JSON.
 */
export function jsonValues(text: string): readonly unknown[] | undefined {
  const values: unknown[] = [];
  for (let start = skipSpace(text, 0); start < text.length;) {
    const end = endOfValue(text, start);
    if (end === undefined) return atFault(text, start, values);
    try {
      values.push(JSON.parse(text.slice(start, end)));
    } catch (error) {
      return atFault(text, start, values, error as Error);
    }
    start = skipSpace(text, end);
  }
  return values.length === 0 ? undefined : values;
}

/** YAML has braces too: only what follows a line of JSON, and begins like one more, is sure to be meant as JSON. */
function atFault(text: string, start: number, before: readonly unknown[], error?: Error): undefined {
  if (before.length === 0 || text[start] !== "{") return undefined;
  const line = text.slice(0, start).split("\n").length;
  throw new Error(`line ${line} is not JSON: ${error?.message ?? "it does not end"}`);
}

function skipSpace(text: string, from: number): number {
  const space = /[\s]*/y;
  space.lastIndex = from;
  space.test(text);
  return space.lastIndex;
}

/** Where the object or list that begins here ends; undefined where none begins, or it does not end. */
function endOfValue(text: string, start: number): number | undefined {
  if (text[start] !== "{" && text[start] !== "[") return undefined;
  // Strings are passed over as a whole, so that a bracket in one does not count.
  const parts = /"[^"\\]*(?:\\.[^"\\]*)*"|[[\]{}]/gs;
  parts.lastIndex = start;
  let depth = 0;
  for (let part = parts.exec(text); part !== null; part = parts.exec(text)) {
    const [token] = part;
    if (token === "{" || token === "[") depth += 1;
    if (token === "}" || token === "]") depth -= 1;
    if (depth === 0) return parts.lastIndex;
  }
  return undefined;
}
