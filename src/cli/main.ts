#!/usr/bin/env node
import { CommanderError } from "commander";
import { systemClock } from "../io/clock/clock.ts";
import { Interrupted, processEnding } from "./ending.ts";
import { tellProblems } from "./lifeline.ts";
import { plumb } from "./program.ts";
import { printProblems, problemsBehind } from "./report.ts";
import { Terminal } from "./terminal.ts";
import { exitCodes } from "./world.ts";
import type { World } from "./world.ts";

const [out, err] = Terminal.pair(process.stdout, process.stderr, process.env);
const world: World = {
  env: process.env,
  cwd: process.cwd(),
  clock: systemClock,
  random: Math.random,
  out,
  err,
  ending: processEnding,
};

/** Runs a command and ends with its exit code; whatever it throws is told to the parent, if any, and printed. */
async function run(command: Promise<number>): Promise<void> {
  try {
    process.exitCode = await command;
    if (process.connected) process.disconnect();
  } catch (error) {
    if (error instanceof Interrupted || processEnding().aborted) process.exit(exitCodes.interrupted);
    const problems = problemsBehind(error);
    await tellProblems(problems);
    printProblems(world, problems);
    // Also when something it opened before it failed is still open.
    process.exit(exitCodes.failed);
  }
}

// A part can lose its parent before its command looks.
if (process.send) processEnding();

// A reader that has seen enough (head, less) is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(exitCodes.done);
  throw error;
});

const program = plumb(world, run);
for (const command of [program, ...program.commands]) command.exitOverride();
try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
}
