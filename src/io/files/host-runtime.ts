import { access, realpath } from "node:fs/promises";
import { join } from "node:path";
import { ProblemError } from "../../model/problem.ts";
import type { Processes } from "../process/process.ts";

/** Programs of this machine that an image can carry. */
export const hostPrograms = ["node", "git", "ssh"] as const;
export type HostProgram = (typeof hostPrograms)[number];

/** The Node that runs this very program, and what was asked for beside it, as files that an image can carry. */
export interface HostRuntime {
  /** Node's, as Node says it: `v20.20.0`. */
  readonly version: string;
  /** In the words of OCI: `linux`, `darwin`. */
  readonly os: string;
  /** In the words of OCI: `amd64`, `arm64`. */
  readonly architecture: string;
  /** Where each file lies here (`source`), or what it holds, and where an image has it (`path`, without a leading slash). */
  readonly files: readonly (HostFile | HostText)[];
}

interface HostFile {
  readonly path: string;
  readonly source: string;
}

interface HostText {
  readonly path: string;
  readonly text: string;
}

/** SSH's programs do nothing for a user without a name; this is who runs in images (`imageConfig`). */
const users: HostText = {
  path: "etc/passwd",
  text: "root:x:0:0:root:/root:/sbin/nologin\nplumbline:x:65532:65532::/tmp:/sbin/nologin\n",
};

/** Where the authorities that this machine trusts are kept, by distribution; git's transport asks for the first. */
const authorities = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/**
 * Finds this machine's programs and, on Linux, the shared libraries that they load, so that an image of nothing else can run
 * them. Where libraries cannot be told (musl without ldd, macOS) there are the programs alone. Git comes with its transport
 * for http and https, and with the authorities that this machine trusts; ssh with ssh-keygen, by which signatures are checked.
 */
export async function findHostRuntime(processes: Processes, programs: readonly HostProgram[]): Promise<HostRuntime> {
  const found = [
    { path: "usr/local/bin/node", source: await realpath(process.execPath) },
    ...(programs.includes("git") ? await gitFiles(processes) : []),
    ...(programs.includes("ssh") ? await sshFiles() : []),
  ];
  const libraries = process.platform === "linux" ? await sharedLibraries(processes, found) : [];
  const files = await Promise.all(
    libraries.map(async (library) => ({ path: library.slice(1), source: await realpath(library) })),
  );
  return {
    version: process.version,
    os: process.platform,
    architecture: process.arch === "x64" ? "amd64" : process.arch,
    files: [...found, ...files, ...(programs.includes("ssh") ? [users] : [])],
  };
}

async function gitFiles(processes: Processes): Promise<readonly HostFile[]> {
  const { code, stdout } = await processes.run({ file: "git", args: ["--exec-path"], env: environment() });
  const folder = stdout.toString("utf8").trim();
  if (code !== 0 || folder === "") {
    const remedy = "install git, or name a base image that has it";
    throw new ProblemError({
      code: "git-missing",
      message: "This machine has no git that an image could carry.",
      remedy,
    });
  }
  const bundle = await firstThere(authorities);
  return [
    { path: "usr/bin/git", source: await realpath(join(folder, "git")) },
    // A program of its own, which git looks for in the folder that it was built with.
    ...["http", "https"].map((scheme) => ({
      path: `${folder.slice(1)}/git-remote-${scheme}`,
      source: join(folder, "git-remote-http"),
    })),
    ...(bundle === undefined ? [] : [{ path: "etc/ssl/certs/ca-certificates.crt", source: await realpath(bundle) }]),
  ];
}

async function sshFiles(): Promise<readonly HostFile[]> {
  return Promise.all(
    ["ssh", "ssh-keygen"].map(async (program) => {
      const source = await firstThere((process.env["PATH"] ?? "/usr/bin").split(":").map((at) => join(at, program)));
      if (source !== undefined) return { path: `usr/bin/${program}`, source: await realpath(source) };
      throw new ProblemError({
        code: "ssh-missing",
        message: `This machine has no ${program} that an image could carry.`,
        remedy: "Install OpenSSH's client, or name a base image that has it.",
      });
    }),
  );
}

async function firstThere(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const isThere = await access(path).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  return undefined;
}

async function sharedLibraries(processes: Processes, files: readonly HostFile[]): Promise<readonly string[]> {
  const libraries = new Set<string>();
  for (const { source } of files) {
    const { code, stdout } = await processes.run({
      file: "ldd",
      args: [source],
      env: environment(),
      timeoutMs: 10_000,
    });
    if (code === 0) for (const library of parseLdd(stdout.toString("utf8"))) libraries.add(library);
  }
  return [...libraries].toSorted();
}

function environment(): { readonly [name: string]: string } {
  return { PATH: process.env["PATH"] ?? "/usr/bin:/bin", LC_ALL: "C" };
}

/** The absolute paths in ldd's answer, sorted; the loader itself included, what the kernel provides not. */
export function parseLdd(output: string): readonly string[] {
  const paths = output.split("\n").map((line) => /^\s*(?:\S+ => )?(\/\S+) \(0x[0-9a-f]+\)$/.exec(line)?.[1]);
  return [...new Set(paths.filter((path) => path !== undefined))].toSorted();
}
