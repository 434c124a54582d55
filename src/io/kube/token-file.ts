import { readFile } from "node:fs/promises";
import type { Clock } from "../clock/clock.ts";

/** How long a token that was read is used: the kubelet replaces it long before it runs out. */
const keepMs = 60_000;

/** The Authorization header from a token file, read again every minute, because projected tokens are replaced in place. */
export function tokenFromFile(path: string, clock: Clock): () => Promise<string> {
  let header: string | undefined;
  let readAt = 0;
  return async () => {
    if (header === undefined || clock.now() - readAt >= keepMs) {
      readAt = clock.now();
      header = `Bearer ${(await readFile(path, "utf8")).trim()}`;
    }
    return header;
  };
}
