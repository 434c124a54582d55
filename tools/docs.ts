import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

/**
 * The documents name files that are there, and behaviours are named that docs/behaviours.md has: a number in brackets or
 * after "behaviour" in a comment or a test.
 */
const roots = ["src", "cluster", "drills", "simulation", "conformance", "bench", "tools", "workloads"];
const named = new RegExp(`\`((?:${[...roots, "docs"].join("|")})/[\\w./-]+\\.\\w+)\``, "g");
const behaviours = readFileSync("docs/behaviours.md", "utf8");
const numbers = new Set([...behaviours.matchAll(/^\| ([DRBPLVOG]\d+) /gm)].map(([, number]) => number));

const problems = [...documents().flatMap(missingFiles), ...sources("src").flatMap(unknownBehaviours)];
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exit(1);
console.log(`docs: every file named is there, and each of ${numbers.size} behaviours has its sentence`);

function documents(): string[] {
  const root = readdirSync(".").filter((name) => name.endsWith(".md"));
  return [...root, ...readdirSync("docs", { recursive: true, encoding: "utf8" }).map((name) => join("docs", name))]
    .filter((name) => name.endsWith(".md"))
    .toSorted();
}

function missingFiles(document: string): string[] {
  return linesOf(document).flatMap((line, index) =>
    [...line.matchAll(named)]
      .map(([, path = ""]) => path)
      .filter((path) => !existsSync(path))
      .map((path) => `${document}:${index + 1}: there is no ${path}`),
  );
}

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(folder, name));
}

function unknownBehaviours(file: string): string[] {
  return linesOf(file).flatMap((line, index) =>
    [...line.matchAll(/(?:behaviours? |\()([DRBPLVOG]\d+)\b/g)]
      .map(([, number = ""]) => number)
      .filter((number) => !numbers.has(number))
      .map((number) => `${file}:${index + 1}: docs/behaviours.md has no ${number}`),
  );
}

function linesOf(file: string): string[] {
  return readFileSync(file, "utf8").split("\n");
}
