import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { isCached } from "./cache.ts";
import { hierarchies } from "./cgroups.ts";
import { kubernetesCommands } from "./commands.ts";
import { debianPackages, keyring } from "./packages.ts";

/** What this machine lacks for a Kubernetes of its own, and how to get it, in one sentence; undefined when it has it all. */
export async function missing(): Promise<string | undefined> {
  if (process.platform !== "linux") return "A real node needs Linux: use a Linux machine, or set KUBECONFIG.";
  if (process.getuid?.() !== 0) return "A real node needs root, for namespaces and control groups: run this as root.";
  const tools = [
    ["ip", "iproute2"],
    ["nsenter", "util-linux"],
    ["unshare", "util-linux"],
  ] as const;
  for (const [tool, from] of tools) {
    if (!onPath(tool)) return `A real node needs the program ${tool}: install the package ${from}.`;
  }
  if (hierarchies().length === 0) return "A real node needs control groups: mount them at /sys/fs/cgroup.";
  if (!existsSync("/proc/sys/net/bridge/bridge-nf-call-iptables")) {
    return "A real node needs the kernel's bridge filter: load it with modprobe br_netfilter.";
  }
  return (await missingForCommands()) ?? missingForPackages();
}

async function missingForCommands(): Promise<string | undefined> {
  if (onPath("go") || (await isCached(kubernetesCommands))) return undefined;
  return "The Kubernetes commands are built with Go, which is not here: install Go 1.24 or newer from https://go.dev/dl.";
}

async function missingForPackages(): Promise<string | undefined> {
  if (await isCached(debianPackages)) return undefined;
  for (const [tool, from] of [
    ["apt-get", "apt"],
    ["dpkg-deb", "dpkg"],
  ] as const) {
    if (!onPath(tool)) return `The node is unpacked from Debian packages, which needs ${tool}: install ${from}.`;
  }
  if (existsSync(keyring)) return undefined;
  return `Debian's packages are verified by ${keyring}: install the package debian-archive-keyring.`;
}

function onPath(program: string): boolean {
  return (process.env["PATH"] ?? "").split(delimiter).some((folder) => existsSync(join(folder, program)));
}
