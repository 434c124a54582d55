import { realpath } from "node:fs/promises";
import type { Processes } from "../process/process.ts";

/** The Node that runs this very program, as files that an image can carry. */
export interface NodeRuntime {
  /** As Node says it: `v20.20.0`. */
  readonly version: string;
  /** In the words of OCI: `linux`, `darwin`. */
  readonly os: string;
  /** In the words of OCI: `amd64`, `arm64`. */
  readonly architecture: string;
  /** Where each file lies here (`source`), and where an image has it (`path`, without a leading slash). */
  readonly files: readonly { readonly path: string; readonly source: string }[];
}

/**
 * Finds this machine's Node and, on Linux, the shared libraries that it loads, so that an image of nothing else can run
 * it. Where they cannot be told (musl without ldd, macOS) there is Node alone.
 */
export async function findNodeRuntime(processes: Processes): Promise<NodeRuntime> {
  const node = await realpath(process.execPath);
  const libraries = process.platform === "linux" ? await sharedLibraries(processes, node) : [];
  const files = await Promise.all(
    libraries.map(async (library) => ({ path: library.slice(1), source: await realpath(library) })),
  );
  return {
    version: process.version,
    os: process.platform,
    architecture: process.arch === "x64" ? "amd64" : process.arch,
    files: [{ path: "usr/local/bin/node", source: node }, ...files],
  };
}

async function sharedLibraries(processes: Processes, program: string): Promise<readonly string[]> {
  const { code, stdout } = await processes.run({
    file: "ldd",
    args: [program],
    env: { PATH: process.env["PATH"] ?? "/usr/bin:/bin", LC_ALL: "C" },
    timeoutMs: 10_000,
  });
  return code === 0 ? parseLdd(stdout.toString("utf8")) : [];
}

/** The absolute paths in ldd's answer, sorted; the loader itself included, what the kernel provides not. */
export function parseLdd(output: string): readonly string[] {
  const paths = output.split("\n").map((line) => /^\s*(?:\S+ => )?(\/\S+) \(0x[0-9a-f]+\)$/.exec(line)?.[1]);
  return [...new Set(paths.filter((path) => path !== undefined))].toSorted();
}
