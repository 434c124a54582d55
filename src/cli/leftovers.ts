import { existsSync, readdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { systemProcesses } from "../io/process/system-processes.ts";

/** What is still there of something that was torn down: processes whose command names its folder, open ports, the folder. */
export interface Leftovers {
  readonly processes: readonly string[];
  readonly ports: readonly number[];
  readonly folder: boolean;
}

/** Looks for what a teardown must have removed. Processes are found by the folder in their command line. */
export async function findLeftovers(
  folder: string,
  urls: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<Leftovers> {
  const ports = urls.map((url) => new URL(url)).map(({ hostname, port }) => ({ hostname, port: Number(port) }));
  const open = await Promise.all(ports.map(async (at) => ((await isOpen(at.hostname, at.port)) ? [at.port] : [])));
  const commands = existsSync("/proc/self/cmdline") ? commandsOfProc() : await commandsOfPs(env);
  const own = String(process.pid);
  return {
    processes: commands
      .filter(({ pid, command }) => pid !== own && command.includes(folder))
      .map(({ pid, command }) => `${pid} ${command}`),
    ports: open.flat(),
    folder: existsSync(folder),
  };
}

function isOpen(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => {
      resolve(false);
    });
  });
}

interface Running {
  readonly pid: string;
  readonly command: string;
}

function commandsOfProc(): readonly Running[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [{ pid, command: readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim() }];
      } catch {
        // It ended while we looked.
        return [];
      }
    });
}

async function commandsOfPs(env: NodeJS.ProcessEnv): Promise<readonly Running[]> {
  const done = await systemProcesses.run({
    file: "ps",
    args: ["-A", "-o", "pid=,args="],
    env: { PATH: env["PATH"] ?? "" },
  });
  return done.stdout
    .toString("utf8")
    .split("\n")
    .map((line) => /^\s*(\d+)\s+(.*)$/.exec(line))
    .flatMap((match) => (match ? [{ pid: match[1] ?? "", command: match[2] ?? "" }] : []));
}
