import type { Json } from "../model/json.ts";

/** The JSON that an answer's body is; undefined where it is none. */
export function jsonAnswer(body: string): Json | undefined {
  try {
    return JSON.parse(body) as Json;
  } catch {
    return undefined;
  }
}
