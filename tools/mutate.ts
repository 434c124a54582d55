import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";

/**
 * Whether the fast tests of a room would notice: negates each condition and shifts each boundary in its compiled files, one at a
 * time in a copy, and runs the tests that stand beside them. Prints what was not caught, and the share that was.
 * `node dist/tools/mutate.js src/rollout src/plan`
 */
const rooms = process.argv.slice(2);
/** Each operator with what it becomes: the opposite, and for a comparison the same one value further. */
const changes: Readonly<Record<string, readonly string[]>> = {
  "===": ["!=="],
  "!==": ["==="],
  "&&": ["||"],
  "||": ["&&"],
  "<": ["<=", ">="],
  "<=": ["<", ">"],
  ">": [">=", "<="],
  ">=": [">", "<"],
};
/** Comments and texts are passed over; what is left that matches is an operator or the head of a condition. */
const tokens =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`|(===|!==|&&|\|\||(?<= )(?:<=|>=|<|>)(?= ))|(\bif \()/g;

interface Mutant {
  readonly line: number;
  readonly what: string;
  readonly text: string;
}

if (rooms.length === 0) throw new Error("name the rooms: node dist/tools/mutate.js src/rollout src/plan");
const folder = mkdtempSync(join(tmpdir(), "plumb-mutate-"));
cpSync("dist", join(folder, "dist"), { recursive: true });
for (const name of ["node_modules", "package.json"]) symlinkSync(resolve(name), join(folder, name));
let [caught, all] = [0, 0];
try {
  for (const room of rooms) mutateRoom(room);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`${caught} of ${all} caught (${((100 * caught) / all).toFixed(1)} %)`);

function mutateRoom(room: string): void {
  const at = join(folder, "dist", room);
  const files = readdirSync(at).filter((name) => name.endsWith(".js"));
  const tests = files.filter((name) => name.endsWith(".test.js") && !/\.(slow|real)\.test\.js$/.test(name));
  const passes = (): boolean =>
    spawnSync(process.execPath, ["--test", ...tests], { cwd: at, timeout: 60_000, stdio: "ignore" }).status === 0;
  if (!passes()) throw new Error(`the tests of ${room} fail as they are`);
  for (const name of files.filter((file) => !/(\.test|-in-test)\.js$/.test(file))) {
    const original = readFileSync(join(at, name), "utf8");
    for (const { line, what, text } of mutantsOf(original)) {
      writeFileSync(join(at, name), text);
      all += 1;
      if (passes()) console.log(`survived: ${room}/${basename(name, ".js")} (line ${line} as compiled): ${what}`);
      else caught += 1;
    }
    writeFileSync(join(at, name), original);
  }
}

function mutantsOf(source: string): readonly Mutant[] {
  return [...source.matchAll(tokens)].flatMap((match): readonly Mutant[] => {
    const [whole, operator, head] = match;
    const line = source.slice(0, match.index).split("\n").length;
    const shown = source.split("\n")[line - 1]?.trim() ?? "";
    const splice = (from: number, to: number, text: string): string => source.slice(0, from) + text + source.slice(to);
    if (operator !== undefined) {
      const to = match.index + whole.length;
      return (changes[operator] ?? []).map((other) => ({
        line,
        what: `${operator} -> ${other} in ${shown}`,
        text: splice(match.index, to, other),
      }));
    }
    if (head === undefined) return [];
    const from = match.index + head.length;
    const to = closing(source, from);
    return [{ line, what: `negated: ${shown}`, text: splice(from, to, `!(${source.slice(from, to)})`) }];
  });
}

/** Where the bracket that is open at `from` closes. */
function closing(source: string, from: number): number {
  let depth = 1;
  let at = from;
  for (; depth > 0 && at < source.length; at += 1) {
    if (source[at] === "(") depth += 1;
    else if (source[at] === ")") depth -= 1;
  }
  return at - 1;
}
