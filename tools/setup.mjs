// Sets up a fresh clone: installs what the lockfile names and compiles, each only where something changed.
import { spawnSync } from "node:child_process";
import { existsSync, statSync, utimesSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 20)) {
  fail(`Plumbline needs Node 20.20 or newer, this is ${process.version}: install it from https://nodejs.org.`);
}
if (spawnSync("git", ["--version"]).status !== 0) fail("Plumbline needs git on the PATH: install it first.");

const marker = `${root}node_modules/.package-lock.json`;
if (!existsSync(marker) || statSync(marker).mtimeMs < statSync(`${root}package-lock.json`).mtimeMs) {
  step("installing dependencies", "npm", ["ci", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"]);
  utimesSync(marker, new Date(), new Date());
}
step("compiling", process.execPath, [`${root}node_modules/typescript/bin/tsc`, "-b"]);
// With the root's own compiler: the page needs no installation of its own to be shown and tested here.
step("building the page", process.execPath, [
  `${root}workloads/frontend/build.mjs`,
  `${root}node_modules/typescript/bin/tsc`,
  `${root}node_modules/terser/main.js`,
]);

function step(title, file, args) {
  const started = Date.now();
  process.stderr.write(`${title} …\n`);
  const { status, error } = spawnSync(file, args, {
    cwd: root,
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32",
  });
  if (error) fail(`${title}: ${file} could not be started (${error.message}).`);
  if (status !== 0) fail(`${title} failed; the lines above say why.`);
  process.stderr.write(`${title}: done in ${((Date.now() - started) / 1000).toFixed(1)} s\n`);
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
