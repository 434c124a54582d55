import type { Signature } from "../io/git/git.ts";

/** Who writes the engine's commits; `at` is seconds since the epoch. */
export function plumbline(at: number): Signature {
  return { name: "Plumbline", email: "plumbline@plumbline.dev", at: Math.max(0, Math.floor(at)) };
}
