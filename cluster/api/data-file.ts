import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "./package-root.ts";

/** The content of a JSON file of cluster/data, which is this package's own and so taken to be as it should. */
export function dataFile<T>(name: string): T {
  return JSON.parse(readFileSync(join(packageRoot(), "cluster", "data", name), "utf8")) as T;
}
