import type { Processes } from "../io/process/process.ts";
import { ProblemError } from "../model/problem.ts";
import type { EngineCommandOptions } from "./engine.ts";

/** A program beside git that options of the engine need, and how to see that it can run. */
interface NeededProgram {
  readonly file: string;
  /** Says something harmless. */
  readonly args: readonly string[];
  readonly option: string;
}

/** The programs that these options need. Git runs them itself, and of a missing one it says only that something failed. */
function neededBy({
  repository,
  allowedSigners,
  allowedKeys,
  signingKey,
}: EngineCommandOptions): readonly NeededProgram[] {
  const ssh = repository.startsWith("ssh:") || (!repository.includes("://") && /^[^/]+@[^/]+:/.test(repository));
  return [
    ...(ssh ? [{ file: "ssh", args: ["-V"], option: `--repository ${repository.replace(/^.*@/, "…@")}` }] : []),
    ...(allowedSigners === undefined ? [] : [{ ...sshKeygen, option: "--allowed-signers" }]),
    ...(signingKey === undefined ? [] : [{ ...sshKeygen, option: "--signing-key" }]),
    ...(allowedKeys === undefined ? [] : [{ file: "gpg", args: ["--version"], option: "--allowed-keys" }]),
  ];
}

/** Finds the principals of nobody: it ends with an error, but only once it runs. */
const sshKeygen = { file: "ssh-keygen", args: ["-Y", "find-principals"] };

/** Rejects with `ProblemError` at the first program that options need and that is not here, or cannot run as this user. */
export async function checkPrograms(
  processes: Processes,
  environment: { readonly [name: string]: string | undefined },
  options: EngineCommandOptions,
): Promise<void> {
  const env = Object.fromEntries(
    Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  for (const { file, args, option } of neededBy(options)) {
    const { missing, stderr } = await processes.run({ file, args, env, timeoutMs: 10_000 });
    // Programs of SSH do nothing for a user whom the system has no name for.
    const isNobody = /No user exists for uid|You don't exist/.test(stderr);
    if (!missing && !isNobody) continue;
    const why = missing ? "is not here" : "cannot run: the user of this process has no line in /etc/passwd";
    throw new ProblemError({
      code: "program-missing",
      message: `${option} needs the program ${file}, which ${why}.`,
      remedy: `Install it, in a cluster by an image of the engine that has it (base: node+git+ssh has those of SSH); or leave the option out.`,
    });
  }
}
