import { readFile } from "node:fs/promises";
import type { Container } from "kubernetes-types/core/v1.js";
import type { Clock } from "../clock.ts";
import { parseQuantity } from "../quantity.ts";

/** How often a limited process is looked at; the system tells of no such event to those without privileges. */
const everyMs = 1000;
const pageBytes = 4096;

/**
 * Holds a container's process to its memory limit: calls `exceeded` once when its resident memory is above it. Looks at the
 * one process, once a second, and only on Linux. Returns a function that ends it.
 */
export function watchMemory(container: Container, pid: number, clock: Clock, exceeded: () => void): () => void {
  const limit = parseQuantity(container.resources?.limits?.["memory"] ?? "");
  if (Number.isNaN(limit) || process.platform !== "linux") return () => undefined;
  let stopped = false;
  let cancel: () => void = () => undefined;
  const again = () => {
    if (!stopped) cancel = clock.at(clock.now() + everyMs, () => void look());
  };
  const look = async () => {
    const pages = (await readFile(`/proc/${pid}/statm`, "utf8").catch(() => "")).split(" ")[1];
    if (stopped) return;
    if (Number(pages) * pageBytes > limit) exceeded();
    else again();
  };
  again();
  return () => {
    stopped = true;
    cancel();
  };
}
