import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { packageFile } from "./package-root.ts";

/** The page's files as the status server and the delivery log show them; empty where they were not built. */
export function pageAssets(): ReadonlyMap<string, Uint8Array> {
  const folder = packageFile("workloads", "frontend", "dist");
  const names = entries(folder).filter((name) => /\.(html|css|js|svg)$/.test(name) && name !== "server.js");
  return new Map(names.map((name) => [name, readFileSync(join(folder, name))]));
}

function entries(folder: string): readonly string[] {
  try {
    return readdirSync(folder).toSorted();
  } catch {
    return [];
  }
}
