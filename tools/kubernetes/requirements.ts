import { existsSync } from "node:fs";
import { mkdir, rmdir, statfs } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { cacheRoot, isCached } from "./cache.ts";
import { hierarchies } from "./cgroups.ts";
import { kubernetesCommands } from "./commands.ts";
import { Lacking } from "./lacking.ts";
import { debianPackages, keyring } from "./packages.ts";
import { run } from "./run.ts";

/** Looks, without changing anything, for all that building and running need; rejects with `Lacking` at the first that is missing. */
export async function mustHaveAll(): Promise<void> {
  if (process.platform !== "linux")
    throw new Lacking("A real node needs Linux: use a Linux machine, or set KUBECONFIG.");
  if (process.getuid?.() !== 0) {
    throw new Lacking("A real node needs root, for namespaces and control groups: run this as root.");
  }
  mustHaveProgram("ip", "iproute2");
  mustHaveProgram("nsenter", "util-linux");
  mustHaveProgram("unshare", "util-linux");
  await mustAllowNamespaces();
  await mustAllowControlGroups();
  if (!existsSync("/proc/sys/net/bridge/bridge-nf-call-iptables")) {
    throw new Lacking("A real node needs the kernel's bridge filter: load it with modprobe br_netfilter.");
  }
  if (!(await isCached(kubernetesCommands))) await mustBuildCommands();
  if (!(await isCached(debianPackages))) mustUnpackPackages();
}

/** Tries in namespaces of its own what the node does: whatever is mounted there goes with them. */
async function mustAllowNamespaces(): Promise<void> {
  const overlay =
    "mkdir /tmp/a /tmp/b /tmp/c && mount -t overlay -o lowerdir=/tmp/a,upperdir=/tmp/b,workdir=/tmp/c overlay /tmp/a";
  const script = `mount -t tmpfs tmpfs /tmp && ${overlay}`;
  try {
    await run("unshare", ["--mount", "--net", "--pid", "--uts", "--fork", "sh", "-c", script]);
  } catch (error) {
    const where = "use a virtual machine or a privileged container";
    throw new Lacking(`A real node needs namespaces and overlay mounts, which are refused here: ${where}.`, {
      cause: error,
    });
  }
}

async function mustAllowControlGroups(): Promise<void> {
  const all = hierarchies();
  if (all.length === 0) throw new Lacking("A real node needs control groups: mount them at /sys/fs/cgroup.");
  for (const hierarchy of all) {
    const group = join(hierarchy, `plumbline-check-${process.pid}`);
    try {
      await mkdir(group);
      await rmdir(group);
    } catch (error) {
      throw new Lacking(`A real node needs to make control groups, and ${hierarchy} is read-only.`, { cause: error });
    }
  }
}

/** The commands, the modules that they are made of, and what Go keeps of the compiling. */
const neededGiB = 5;

async function mustBuildCommands(): Promise<void> {
  mustHaveProgram("go", "Go 1.24 or newer from https://go.dev/dl");
  await mkdir(cacheRoot(), { recursive: true });
  const { bavail, bsize } = await statfs(cacheRoot());
  if (bavail * bsize >= neededGiB * 1024 ** 3) return;
  throw new Lacking(
    `Building the Kubernetes commands takes ${neededGiB} GiB, most of it in Go's own cache: make room.`,
  );
}

function mustUnpackPackages(): void {
  mustHaveProgram("apt-get", "apt");
  mustHaveProgram("dpkg-deb", "dpkg");
  if (!existsSync(keyring)) {
    throw new Lacking(`Debian's packages are verified by ${keyring}: install the package debian-archive-keyring.`);
  }
}

function mustHaveProgram(program: string, from: string): void {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  if (folders.some((folder) => existsSync(join(folder, program)))) return;
  throw new Lacking(`A real node needs the program ${program}, which is not on the PATH: install ${from}.`);
}
