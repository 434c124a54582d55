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
