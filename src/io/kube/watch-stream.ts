import type { IncomingMessage } from "node:http";
import { isJsonObject } from "../../model/json.ts";
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
  if (isWatchLine(value)) return value;
  throw new Error("the watch sent a line that is no event");
}

function isWatchLine(value: unknown): value is WatchLine {
  if (!isJsonObject(value)) return false;
  const { type, object } = value;
  return typeof type === "string" && types.has(type) && isJsonObject(object);
}

/** The parser's own message quotes the line, and the line may be a Secret. */
function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

const types: ReadonlySet<string> = new Set<WatchLine["type"]>(["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"]);
