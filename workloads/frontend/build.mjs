// Compiles the page and its server into dist/, side by side. The compiler is the first argument, or this package's own.
import { spawnSync } from "node:child_process";
import { cpSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const compiler = process.argv[2] ?? `${here}node_modules/typescript/bin/tsc`;
const { status, error } = spawnSync(process.execPath, [compiler, "-p", here], { stdio: "inherit" });
if (error || status !== 0) process.exit(1);
for (const name of readdirSync(`${here}src`)) {
  if (/\.(html|css|svg)$/.test(name)) cpSync(`${here}src/${name}`, `${here}dist/${name}`);
}
