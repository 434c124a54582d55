import { readFile } from "node:fs/promises";
import type { Container } from "kubernetes-types/core/v1.js";
import { type Clock, until } from "../clock.ts";
import { parseQuantity } from "../quantity.ts";

/** How often a limited process is looked at; the system tells of no such event to those without privileges. */
const everyMs = 1000;
const pageBytes = 4096;

/**
 * Holds a container's process to its memory limit: answers true when its resident memory is above it, false when the
 * signal aborts before. Looks at the one process, once a second, and only on Linux.
 */
export async function exceedsMemory(
  { resources }: Container,
  pid: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<boolean> {
  const limit = parseQuantity(resources?.limits?.["memory"] ?? "");
  if (Number.isNaN(limit) || process.platform !== "linux") return false;
  for (;;) {
    await until(clock, clock.now() + everyMs, signal);
    if (signal.aborted) return false;
    const pages = (await readFile(`/proc/${pid}/statm`, "utf8").catch(() => "")).split(" ")[1];
    if (Number(pages) * pageBytes > limit) return true;
  }
}
