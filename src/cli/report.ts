import { formatProblem, ProblemError } from "../model/problem.ts";
import type { Problem } from "../model/problem.ts";
import type { World } from "./world.ts";

/** Prints problems for people, one a line, each with its place and remedy. */
export function printProblems(world: World, problems: readonly Problem[]): void {
  for (const problem of problems) world.err.line(`${world.err.style("bad", "error:")} ${formatProblem(problem)}`);
}

/** The problems behind something thrown; what nobody foresaw is named as a defect of Plumbline. */
export function problemsBehind(error: unknown): readonly Problem[] {
  if (error instanceof ProblemError) return [error.problem];
  if (error instanceof Error && "problems" in error && Array.isArray(error.problems)) {
    return error.problems as readonly Problem[];
  }
  const system = systemError(error);
  if (system) return [problemOfSystem(system)];
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return [{ code: "defect", message: `a defect of Plumbline: ${detail}`, remedy: "please report it with this text" }];
}

/** What the machine says of a call that failed. */
interface SystemError {
  readonly code: string;
  readonly message: string;
  readonly path?: string;
  readonly address?: string;
  readonly port?: number;
}

/** The machine's own error, also where another was thrown because of it. */
function systemError(error: unknown): SystemError | undefined {
  if (!(error instanceof Error)) return undefined;
  if ("code" in error && typeof error.code === "string" && "syscall" in error) return error as SystemError;
  return systemError(error.cause);
}

const remedies: { readonly [code: string]: string } = {
  EACCES: "choose a place that you may write, or change whose it is",
  EPERM: "choose a place that you may write, or change whose it is",
  EROFS: "choose a place that can be written",
  ENOSPC: "make room on that disk",
  EDQUOT: "make room on that disk",
  ENOTDIR: "a file is where a folder must be: move it away, or choose another place",
  EEXIST: "something else is there already: move it away, or choose another place",
  ENOENT: "make it, or name another",
  EMFILE: "allow more open files (ulimit -n)",
  ENFILE: "end other programs: the machine has no more files to open",
};

function problemOfSystem({ code, message, path, address, port }: SystemError): Problem {
  if (code === "EADDRINUSE") {
    return {
      code: "port-in-use",
      message: `port ${port ?? ""} of ${address ?? "this machine"} is in use`,
      remedy: "choose another port, or 0 for any that is free",
    };
  }
  const why = message.replace(/^[A-Z0-9]+: /, "").replace(/,.*$/s, "");
  const remedy = remedies[code];
  return {
    code: code.toLowerCase(),
    message: path === undefined ? message : `${path}: ${why} (${code})`,
    ...(remedy === undefined ? {} : { remedy }),
  };
}
