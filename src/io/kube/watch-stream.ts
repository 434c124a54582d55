import type { IncomingMessage } from "node:http";
import { isJsonObject, valueAt } from "../../model/json.ts";
import type { Json } from "../../model/json.ts";
import type { KubeObject } from "../../model/kube-object.ts";

/** One line of a watch, as the API server sends it. */
export interface WatchLine {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: KubeObject;
}

/** The lines of a watch answer. Ends with the connection; throws when it breaks or a line is not what a watch sends. */
export async function* watchLines(message: IncomingMessage): AsyncGenerator<WatchLine> {
  let pieces: string[] = [];
  message.setEncoding("utf8");
  for await (const chunk of message) {
    const lines = (chunk as string).split("\n");
    for (const [index, line] of lines.entries()) {
      pieces.push(line);
      if (index === lines.length - 1) break;
      const whole = pieces.join("");
      pieces = [];
      if (whole.trim() !== "") yield parseLine(whole);
    }
  }
}

function parseLine(line: string): WatchLine {
  const value = parse(line);
  const type = valueAt(value, "type");
  if (typeof type === "string" && types.has(type) && isJsonObject(valueAt(value, "object"))) {
    return value as unknown as WatchLine;
  }
  throw new Error("the watch sent a line that is no event");
}

/** The parser's own message quotes the line, and the line may be a Secret. */
function parse(line: string): Json | undefined {
  try {
    return JSON.parse(line) as Json;
  } catch {
    return undefined;
  }
}

const types: ReadonlySet<string> = new Set<WatchLine["type"]>(["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"]);
