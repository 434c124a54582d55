import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";

/** The import table of the house: a room may import the rooms listed; `type:` allows only types. Tests may import anything. */
const stages = ["release", "source", "render", "plan", "apply", "health", "rollout", "history"];
/** Those that write images into the deployment repository (docs/adr/0009). */
const pinning = ["release", "history"];
const delivery = stages.filter((stage) => stage !== "release");
const table: Readonly<Record<string, readonly string[]>> = {
  "src/model": [],
  "src/io": ["src/model"],
  "src/pins": ["src/model", "type:src/io"],
  ...Object.fromEntries(stages.map((stage) => [`src/${stage}`, ["src/model", "type:src/io"]])),
  ...Object.fromEntries(pinning.map((stage) => [`src/${stage}`, ["src/model", "type:src/io", "src/pins"]])),
  "src/engine": ["src/model", "type:src/io", "src/pins", ...delivery.map((stage) => `src/${stage}`)],
  "src/status": ["src/model", "type:src/io"],
  "src/cli": [
    "src/model",
    "src/io",
    "src/pins",
    ...stages.map((stage) => `src/${stage}`),
    "src/engine",
    "src/status",
    "cluster/index.ts",
    "drills",
    "conformance",
  ],
  cluster: [],
  drills: [],
  conformance: ["drills"],
  simulation: ["src", "cluster/core.ts", "cluster/turned-clock.ts"],
  bench: ["src", "cluster", "drills"],
  tools: ["cluster", "conformance", "src/io", "src/release"],
};

/** Modules that touch the world: only these rooms may import them. Pure ones (path, crypto's hashes, zlib) are free. */
const worldly =
  /^node:(fs|child_process|net|http|https|tls|dns|dgram|os|process|timers|worker_threads|readline|cluster)\b/;
const worldlyRooms = ["src/io", "src/cli", "cluster", "drills", "simulation", "conformance", "bench", "tools"];
const worldlyGlobals =
  /\b(Date\.now\(|new Date\(\)|Math\.random\(|process\.env|setTimeout\(|setInterval\()|(?<!\.)\bfetch\(/;
/** The read-only server of the status page is the one listener inside a stage room; design 2 puts it there. */
const listeners = new Set(["src/status/server.ts"]);

const importPattern = /^(?:import|export)\s+(type\s+)?(?:[^"';]*?\sfrom\s+)?"([^"]+)"/gm;

const problems: string[] = [];
for (const root of ["src", "cluster", "drills", "simulation", "conformance", "bench", "tools"].filter(existsSync)) {
  for (const file of sourceFiles(root)) check(file);
}
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exit(1);
console.log("rooms: every import is allowed");

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sourceFiles(path);
    return path.endsWith(".ts") && !/(\.test|-in-test)\.ts$/.test(path) ? [path] : [];
  });
}

function roomOf(path: string): string {
  const [first, second] = path.split("/");
  return first === "src" ? `src/${second}` : (first ?? "");
}

function check(file: string): void {
  const text = readFileSync(file, "utf8");
  const room = roomOf(file);
  if (/(^|\/)(utils?|helpers?|common|misc|types)(\.ts$|\/)/.test(file))
    problems.push(`${file}: a drawer; name what it is`);
  for (const match of text.matchAll(importPattern)) {
    const [, typeOnly, target = ""] = match;
    const line = text.slice(0, match.index).split("\n").length;
    if (target.startsWith("node:")) {
      if (worldly.test(target) && !typeOnly && !worldlyRooms.includes(room) && !listeners.has(file)) {
        problems.push(`${file}:${line}: ${room} may not touch ${target}; take it as an argument from io`);
      }
    } else if (target.startsWith(".")) {
      checkImport(file, line, room, relative(".", join(dirname(file), target)), typeOnly !== undefined);
    }
  }
  if (!worldlyRooms.includes(room)) checkGlobals(file, text);
}

function checkImport(file: string, line: number, room: string, target: string, typeOnly: boolean): void {
  const targetRoom = roomOf(target);
  if (targetRoom === room) return;
  const allowed = (table[room] ?? []).some((rule) => {
    const path = rule.replace(/^type:/, "");
    const fits = target === path || target.startsWith(`${path}/`);
    return fits && (typeOnly || !rule.startsWith("type:"));
  });
  if (!allowed) problems.push(`${file}:${line}: ${room} may not import ${target}${typeOnly ? "" : " (as a value)"}`);
}

function checkGlobals(file: string, text: string): void {
  for (const [index, line] of text.split("\n").entries()) {
    if (worldlyGlobals.test(line) && !/^\s*(\*|\/\/|\/\*)/.test(line)) {
      problems.push(`${file}:${index + 1}: clock, randomness, timers and environment come in through a door`);
    }
  }
}
