import { createHash } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** Who this process is among the engines that may run at the same time, and which of the others have certainly ended. */
export interface Identity {
  readonly name: string;
  /** True when `other` was a process of this very machine (or container) that is no longer there. */
  readonly hasEnded: (other: string) => boolean;
}

/**
 * The identity of this process: the pod's name where one is given, since a pod's container starts again only when the one
 * before it has ended; else host, boot, process space and process, which tells what was killed from what lives elsewhere.
 */
export function processIdentity(environment: NodeJS.ProcessEnv): Identity {
  const pod = environment["POD_NAME"];
  if (pod !== undefined && pod !== "") return { name: pod, hasEnded: () => false };
  const place = placeOfProcesses();
  const prefix = `${hostname()}_${place ?? "unknown"}_`;
  return {
    name: `${prefix}${process.pid}`,
    hasEnded: (other) => place !== undefined && other.startsWith(prefix) && !lives(Number(other.slice(prefix.length))),
  };
}

/** What process ids count in: this boot of this machine, this space of processes; undefined where that cannot be told. */
function placeOfProcesses(): string | undefined {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8");
    const space = readlinkSync("/proc/self/ns/pid");
    return createHash("sha256").update(`${boot}${space}`).digest("hex").slice(0, 8);
  } catch {
    return undefined;
  }
}

/** A process of our own id can only be one that had it before us. */
function lives(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid < 1) return true;
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}
