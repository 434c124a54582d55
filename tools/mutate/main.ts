import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { openBench } from "./bench.ts";
import type { Bench } from "./bench.ts";
import { mutantsOf } from "./mutants.ts";
import type { Mutant } from "./mutants.ts";
import { survivors } from "./survivors.ts";

/**
 * Whether the tests of a room would notice: negates each condition and shifts each boundary in its compiled files, one at a time
 * in a copy, and runs the tests that stand beside them. Prints what was not caught, and a table; fails where less than 95 % of
 * a room's mutants are caught. `npm run mutate -- src/rollout` for some of the rooms.
 */
const wanted = 95;
const rooms = process.argv.length > 2 ? process.argv.slice(2) : ["src/plan", "src/rollout", "src/history"];
/** Rooms whose work is done in Git: their slower tests, which need nothing else, are asked where the fast ones see nothing. */
const inGit: ReadonlySet<string> = new Set(["src/history"]);

interface Tried extends Mutant {
  readonly module: string;
  readonly caught: boolean;
}

const benches = [openBench(), openBench()];
try {
  const tables = [];
  for (const room of rooms) tables.push(await mutateRoom(room));
  console.table(Object.fromEntries(tables));
} finally {
  for (const bench of benches) bench.close();
}

async function mutateRoom(room: string) {
  const startedMs = Date.now();
  const files = readdirSync(join("dist", room)).filter((name) => name.endsWith(".js"));
  const suites = (module: string): readonly (readonly string[])[] => suitesOf(room, files, module);
  const modules = files.filter((name) => !/(\.test|-in-test)\.js$/.test(name)).map((name) => `${room}/${name}`);
  // Read once: who builds meanwhile does not change what is tried.
  const originals = new Map(modules.map((module) => [module, readFileSync(join("dist", module), "utf8")]));
  for (const [module, text] of [...originals].slice(0, 1)) {
    if (!(await benches[0]?.passes(module, text, text, suites(module)))) {
      throw new Error(`the tests of ${room} fail as they are`);
    }
  }
  const queue = [...originals].flatMap(([module, original]) =>
    mutantsOf(original).map((mutant) => ({ module, original, ...mutant })),
  );
  const todo = queue.values();
  const tried: Tried[] = [];
  const work = async (bench: Bench): Promise<void> => {
    for (const one of todo) {
      const passed = await bench.passes(one.module, one.text, one.original, suites(one.module));
      tried.push({ ...one, caught: !passed });
    }
  };
  await Promise.all(benches.map(work));
  return [room, told(room, tried, startedMs)] as const;
}

/** The suites of a module in the order in which they are asked: the fast ones, then of the slow ones its own before the rest. */
function suitesOf(room: string, files: readonly string[], module: string): readonly (readonly string[])[] {
  const tests = files.filter((name) => name.endsWith(".test.js") && !name.endsWith(".real.test.js"));
  const isSlow = (name: string): boolean => name.endsWith(".slow.test.js");
  const fast = tests.filter((name) => !isSlow(name));
  const slow = inGit.has(room) ? tests.filter(isSlow) : [];
  const own = slow.filter((name) => `${room}/${name}` === module.replace(/\.js$/, ".slow.test.js"));
  const rest = slow.filter((name) => !own.includes(name));
  return [fast, own, rest].filter((some) => some.length > 0).map((some) => some.map((name) => `${room}/${name}`));
}

function told(room: string, tried: readonly Tried[], startedMs: number) {
  const key = ({ module, becomes }: { readonly module: string; readonly becomes: string }): string =>
    `${module.replace(/\.js$/, "")}: ${becomes}`;
  const listed = new Map(survivors.map((one) => [key(one), one.why]));
  const alive = tried.filter(({ caught }) => !caught).toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
  for (const one of alive)
    console.log(`survived: ${key(one)} (line ${one.line} as compiled)${because(listed.get(key(one)))}`);
  const keys = new Set(alive.map(key));
  const outdated = survivors.filter((one) => one.module.startsWith(`${room}/`) && !keys.has(key(one)));
  for (const one of outdated) console.log(`listed, and caught or gone: ${key(one)}`);
  const caught = tried.length - alive.length;
  const share = (100 * caught) / tried.length;
  const harmless = alive.filter((one) => listed.has(key(one))).length;
  if (share < wanted || outdated.length > 0) process.exitCode = 1;
  const seconds = Math.round((Date.now() - startedMs) / 1000);
  return {
    mutants: tried.length,
    caught,
    "survive and do not matter": harmless,
    survive: alive.length - harmless,
    "% caught": Number(share.toFixed(1)),
    seconds,
  };
}

function because(why: string | undefined): string {
  return why === undefined ? "" : `; it does not matter: ${why}`;
}
