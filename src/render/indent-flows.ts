import { Parser } from "yaml";
import type { CST } from "yaml";

/** Where lists and mappings in brackets begin and end. */
interface Flow {
  readonly start: number;
  readonly end: number;
}

/** Deeper than manifests are indented; what is deeper is refused as before, and a short file cannot ask for a long one. */
const mostSpaces = 60;

/**
 * The text with every line within brackets indented beyond the line where they begin. Go's YAML takes a closing bracket that
 * stands under its key, as many write it, and YAML itself does not; spaces at the beginning of such a line mean nothing.
 */
export function indentFlows(text: string): string {
  let indented = "";
  let at = 0;
  for (const { start, end } of flowsOf(text)) {
    const [before = ""] = /^[ -]*/.exec(text.slice(text.lastIndexOf("\n", start) + 1, start)) ?? [];
    const spaces = " ".repeat(Math.min(before.length + 1, mostSpaces));
    indented += text.slice(at, start) + text.slice(start, end).replaceAll("\n", `\n${spaces}`);
    at = end;
  }
  return indented + text.slice(at);
}

/** The outermost ones, in the order of the text; without recursion, since a file may nest as deep as it likes. */
function flowsOf(text: string): readonly Flow[] {
  const flows: Flow[] = [];
  const waiting: (CST.Token | null | undefined)[] = [...new Parser().parse(text)].toReversed();
  while (waiting.length > 0) {
    const token = waiting.pop();
    if (token?.type === "flow-collection") {
      const last = token.end.find(({ type }) => type === "flow-map-end" || type === "flow-seq-end");
      if (last) flows.push({ start: token.start.offset, end: last.offset + 1 });
    } else if (token?.type === "document") waiting.push(token.value);
    else if (token && "items" in token) {
      for (const item of token.items.toReversed()) waiting.push(item.value, item.key);
    }
  }
  return flows;
}
