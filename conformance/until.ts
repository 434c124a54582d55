import { setTimeout as pause } from "node:timers/promises";

/**
 * Looks again and again until something is to be seen, and answers it. Rejects after `timeoutMs` with what was waited for
 * and what was seen last.
 */
export async function until<T>(
  what: string,
  timeoutMs: number,
  look: () => Promise<T | undefined | false>,
): Promise<T> {
  const endMs = Date.now() + timeoutMs;
  let last = "nothing";
  for (;;) {
    const seen = await look().catch((error: unknown) => {
      last = error instanceof Error ? error.message : String(error);
      return undefined;
    });
    if (seen !== undefined && seen !== false) return seen;
    if (Date.now() > endMs) throw new Error(`${what}: not seen within ${timeoutMs / 1000} s (last: ${last})`);
    await pause(100);
  }
}
