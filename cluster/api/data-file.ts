import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of this package: where package.json is, both in a checkout (compiled to dist/) and when installed. */
function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error("package.json was not found above this program; install the package again");
    folder = parent;
  }
  return folder;
}

/** The content of a JSON file of cluster/data, which is this package's own and so taken to be as it should. */
export function dataFile<T>(name: string): T {
  return JSON.parse(readFileSync(join(packageRoot(), "cluster", "data", name), "utf8")) as T;
}
