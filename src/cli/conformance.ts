import { runConformance, tally, WrongChoice } from "../../conformance/run.ts";
import type { ConformanceOptions } from "../../conformance/run.ts";
import { ProblemError } from "../model/problem.ts";
import { exitCodes } from "./world.ts";
import type { World } from "./world.ts";

/** Options of `plumb conformance`, as the command line gives them. */
export type ConformanceCommandOptions = ConformanceOptions & { readonly json?: boolean };

/** `plumb conformance`: the numbered behaviours, seen from outside, on any cluster; exit code 1 unless each held or was skipped. */
export async function conformanceCommand(world: World, options: ConformanceCommandOptions): Promise<number> {
  const verdicts = await runConformance(options, (text) => world.err.line(text)).catch((error: unknown) => {
    if (!(error instanceof WrongChoice)) throw error;
    throw new ProblemError({ code: "wrong-choice", message: error.message });
  });
  if (options.json === true) world.out.line(JSON.stringify(verdicts));
  const { text, failed } = tally(verdicts);
  if (options.json !== true) world.out.line(text);
  return failed > 0 ? exitCodes.failed : exitCodes.done;
}
