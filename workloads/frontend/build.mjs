// Compiles the page and its server into dist/, side by side. The compiler is the first argument, or this package's own; the
// second is terser, where the page must be small: it travels with each clone of a delivery log.
import { spawnSync } from "node:child_process";
import { copyFileSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const [, , ownCompiler, minifier] = process.argv;
const compiler = ownCompiler ?? `${here}node_modules/typescript/bin/tsc`;
// What is no part of the page any more must not be served on.
rmSync(`${here}dist`, { recursive: true, force: true });
const { status, error } = spawnSync(process.execPath, [compiler, "-p", here], { stdio: "inherit" });
if (error || status !== 0) process.exit(1);
for (const name of readdirSync(`${here}src`)) {
  const [from, to] = [`${here}src/${name}`, `${here}dist/${name}`];
  if (/\.(html|svg)$/.test(name)) copyFileSync(from, to);
  if (name.endsWith(".css")) writeFileSync(to, withoutSpace(readFileSync(from, "utf8")));
}
if (minifier !== undefined) await minifyScripts(await import(pathToFileURL(resolve(minifier)).href));

function withoutSpace(css) {
  return css
    .replaceAll(/\/\*.*?\*\//gs, "")
    .replaceAll(/\s+/g, " ")
    .replaceAll(/ ?([{};,]) ?/g, "$1")
    .replaceAll(": ", ":")
    .replaceAll(";}", "}");
}

async function minifyScripts({ minify }) {
  for (const name of readdirSync(`${here}dist`)) {
    if (!name.endsWith(".js") || name === "server.js") continue;
    const { code } = await minify(readFileSync(`${here}dist/${name}`, "utf8"), { module: true, ecma: 2020 });
    writeFileSync(`${here}dist/${name}`, code);
  }
}
