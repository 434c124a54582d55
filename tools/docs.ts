import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * The documents name files, commands and options that are there, and behaviours are named that docs/behaviours.md has: a number in brackets or
 * after "behaviour" in a comment or a test.
 */
const roots = ["src", "cluster", "drills", "simulation", "conformance", "bench", "tools", "workloads"];
const named = new RegExp(`\`((?:${[...roots, "docs"].join("|")})/[\\w./-]+\\.\\w+)\``, "g");
const behaviours = readFileSync("docs/behaviours.md", "utf8");
const numbers = new Set([...behaviours.matchAll(/^\| ([DRBPLVOG]\d+) /gm)].map(([, number]) => number));

const options = commandOptions();
const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as {
  scripts: { readonly [name: string]: string };
};

const problems = [
  ...documents().flatMap(missingFiles),
  ...documents().flatMap(missingLinks),
  ...documents().flatMap(unknownCommands),
  ...sources("src").flatMap(unknownBehaviours),
];
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exit(1);
console.log(
  `docs: every file, command and option named is there, and each of ${numbers.size} behaviours has its sentence`,
);

function documents(): string[] {
  const root = readdirSync(".").filter((name) => name.endsWith(".md"));
  const below = ["docs", "cluster", "drills", "bench", "tools", "workloads"].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => join(folder, name)),
  );
  return [...root, ...below].filter((name) => name.endsWith(".md") && !name.includes("node_modules")).toSorted();
}

function missingFiles(document: string): string[] {
  return linesOf(document).flatMap((line, index) =>
    [...line.matchAll(named)]
      .map(([, path = ""]) => path)
      .filter((path) => !existsSync(path))
      .map((path) => `${document}:${index + 1}: there is no ${path}`),
  );
}

function missingLinks(document: string): string[] {
  return linesOf(document).flatMap((line, index) =>
    [...line.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
      .map(([, target = ""]) => target)
      .filter((target) => !/^[a-z]+:/.test(target) && !existsSync(join(dirname(document), target)))
      .map((target) => `${document}:${index + 1}: there is no ${target}`),
  );
}

/** Every command's options, as its own completion script lists them. */
function commandOptions(): ReadonlyMap<string, ReadonlySet<string>> {
  const script = execFileSync(process.execPath, ["dist/src/cli/main.js", "completion", "bash"], { encoding: "utf8" });
  const lines = [...script.matchAll(/^ +([a-z]+)\) words="([^"]*)"/gm)];
  return new Map(lines.map(([, name = "", words = ""]) => [name, new Set(words.split(" "))]));
}

/** What follows "plumb" and "npm run" in code: blocks line by line, and code within a sentence that is not of the future. */
function unknownCommands(document: string): string[] {
  let inBlock = false;
  return linesOf(document).flatMap((line, index) => {
    if (line.startsWith("```")) inBlock = !inBlock;
    if (line.endsWith("| not yet |")) return [];
    const code = inBlock
      ? [line.replace(/(^|\s)#.*$/, "")]
      : [...line.matchAll(/`([^`]+)`/g)].map(([, text = ""]) => text);
    return code.flatMap(unknownIn).map((what) => `${document}:${index + 1}: ${what}`);
  });
}

function unknownIn(code: string): string[] {
  const unknown = [...code.matchAll(/\bnpm run ([a-z:]+)/g)]
    .filter(([, script = ""]) => scripts[script] === undefined)
    .map(([, script]) => `package.json has no script ${script}`);
  for (const [, command = "", rest = ""] of code.matchAll(/(?:^|[(;&|$]|npx )\s*plumb ([a-z]+)([^;|&)]*)/g)) {
    const known = options.get(command);
    if (!known) unknown.push(`there is no command plumb ${command}`);
    for (const [option] of rest.matchAll(/--[a-z-]+/g)) {
      if (known && !known.has(option)) unknown.push(`plumb ${command} has no option ${option}`);
    }
  }
  return unknown;
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
