/** What the JavaScript engine says of a wrong character, and how Go's decoder goes on after naming it. */
const phrases: readonly (readonly [RegExp, string])[] = [
  [
    /^Expected property name or '}'|^Expected double-quoted property name/,
    "looking for beginning of object key string",
  ],
  [/^Expected ':'/, "after object key"],
  [/^Expected ',' or '}'/, "after object key:value pair"],
  [/^Expected ',' or ']'/, "after array element"],
  [/^Unexpected non-whitespace character/, "after top-level value"],
  [/^Bad control character/, "in string literal"],
  [/^Bad escaped character/, "in string escape code"],
  [/^No number after minus sign/, "in numeric literal"],
  [/^Unexpected number/, "after object key:value pair"],
  [/^Unexpected token/, "looking for beginning of value"],
];

/** Reads JSON; the error of a text that is none is worded as Go's decoder words it. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const { message } = error as Error;
    const at = /at position (\d+)/.exec(message)?.[1];
    const found = at === undefined ? /^Unexpected token '(.)'/su.exec(message)?.[1] : text[Number(at)];
    const phrase = phrases.find(([pattern]) => pattern.test(message))?.[1];
    const shown = found === "'" ? "\\'" : JSON.stringify(found ?? "").slice(1, -1);
    const said = found === undefined || phrase === undefined ? undefined : `invalid character '${shown}' ${phrase}`;
    throw new SyntaxError(said ?? "unexpected end of JSON input", { cause: error });
  }
}

/** A list or an object while it is read. */
interface Open {
  readonly path: string;
  /** The keys of an object so far; undefined for a list. */
  readonly keys: Set<string> | undefined;
  key: string;
  index: number;
}

/** The paths of keys that stand twice in one object of a valid JSON text, such as `data.a`; the last of them counts. */
export function duplicateKeys(text: string): readonly string[] {
  const found: string[] = [];
  const stack: Open[] = [];
  let expectsKey = false;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]:,]/g)) {
    const top = stack.at(-1);
    if (token === "{" || token === "[") {
      stack.push({ path: top ? pathIn(top) : "", keys: token === "{" ? new Set() : undefined, key: "", index: 0 });
      expectsKey = token === "{";
    } else if (token === "}" || token === "]") {
      stack.pop();
      expectsKey = false;
    } else if (token === "," && top) {
      top.index += 1;
      expectsKey = top.keys !== undefined;
    } else if (token === ":") {
      expectsKey = false;
    } else if (expectsKey && top?.keys) {
      top.key = JSON.parse(token) as string;
      if (top.keys.has(top.key)) found.push(pathIn(top));
      top.keys.add(top.key);
    }
  }
  return found;
}

function pathIn({ path, keys, key, index }: Open): string {
  if (!keys) return `${path}[${index}]`;
  return path === "" ? key : `${path}.${key}`;
}
