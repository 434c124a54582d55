import { execFile } from "node:child_process";
import { promisify } from "node:util";

interface RunOptions {
  readonly cwd?: string;
  /** In place of this program's own. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a program to its end and gives what it said; rejects with what it complained about. */
export async function run(file: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(file, [...args], { ...options, maxBuffer: 64 * 1024 * 1024 });
    return stdout;
  } catch (error) {
    const { stderr = "", message } = error as { stderr?: string; message: string };
    throw new Error(`${[file, ...args].join(" ")}: ${stderr.trim() || message}`, { cause: error });
  }
}
