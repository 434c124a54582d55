// Compiles the page and its server into dist/, side by side. The compiler is the first argument, or this package's own.
import { spawnSync } from "node:child_process";
import { copyFileSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const compiler = process.argv[2] ?? `${here}node_modules/typescript/bin/tsc`;
// What is no part of the page any more must not be served on.
rmSync(`${here}dist`, { recursive: true, force: true });
const { status, error } = spawnSync(process.execPath, [compiler, "-p", here], { stdio: "inherit" });
if (error || status !== 0) process.exit(1);
for (const name of readdirSync(`${here}src`)) {
  if (/\.(html|svg)$/.test(name)) copyFileSync(`${here}src/${name}`, `${here}dist/${name}`);
  if (name.endsWith(".css")) squeeze(`${here}src/${name}`, `${here}dist/${name}`, withoutSpace);
}
for (const name of readdirSync(`${here}dist`)) {
  if (name.endsWith(".js")) squeeze(`${here}dist/${name}`, `${here}dist/${name}`, withoutIndentation);
}

/** The whole page travels with each clone of the delivery log: what nobody reads there is left out. */
function squeeze(from, to, how) {
  writeFileSync(to, how(readFileSync(from, "utf8")));
}

function withoutSpace(css) {
  return css
    .replaceAll(/\/\*.*?\*\//gs, "")
    .replaceAll(/\s+/g, " ")
    .replaceAll(/ ?([{};,]) ?/g, "$1")
    .replaceAll(": ", ":")
    .replaceAll(";}", "}");
}

/** Texts over several lines are nowhere in the page, so that what begins a line is indentation. */
function withoutIndentation(js) {
  return js.replaceAll(/\n\s+/g, "\n");
}
