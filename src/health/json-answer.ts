import type { RawBounds } from "../io/kube/kube.ts";
import type { Json } from "../model/json.ts";

/** How long somebody behind the API server has for a whole answer, and how much of it is read. */
export const answerBounds: RawBounds = { withinMs: 10_000, mostBytes: 1024 * 1024 };

/** True of a body of which the rest was not read. */
export function isCut(body: string): boolean {
  return Buffer.byteLength(body) > answerBounds.mostBytes;
}

/** The JSON that an answer's body is; undefined where it is none. */
export function jsonAnswer(body: string): Json | undefined {
  try {
    return JSON.parse(body) as Json;
  } catch {
    return undefined;
  }
}
