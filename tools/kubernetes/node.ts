import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Built } from "./build.ts";
import { filled, roomFile } from "./fill.ts";
import { registryOf } from "./instance.ts";
import type { Instance } from "./instance.ts";
import { pauseImage } from "./pause.ts";
import { daemonIsReady, startDaemon } from "./processes.ts";
import type { Daemon } from "./processes.ts";
import { run } from "./run.ts";

/** Where each file of `data` lies in the node, below its `/etc`. */
const settings = {
  "containerd.toml": "containerd/config.toml",
  "hosts.toml": "containerd/certs.d/_default/hosts.toml",
  "bridge.conflist": "cni/net.d/10-bridge.conflist",
  "kubelet.yaml": "kubernetes/kubelet.yaml",
  "kube-proxy.yaml": "kubernetes/kube-proxy.yaml",
} as const;

/** Writes the node's `/etc`, besides what `writePki` puts there. */
export async function writeNodeSettings({ folder, network }: Instance): Promise<void> {
  const { name, nodeAddress, podRange, dnsAddress } = network;
  const values = { nodeName: name, nodeAddress, podRange, dnsAddress, pauseImage, cgroup: `/${name}` };
  const etc = join(folder, "node/etc");
  for (const [source, target] of Object.entries(settings)) {
    const path = join(etc, target);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, await filled(source, { ...values, registry: registryOf(network) }));
  }
  const plain = {
    group: "root:x:0:\n",
    hosts: `127.0.0.1 localhost\n${nodeAddress} ${name}\n`,
    "os-release": `PRETTY_NAME="Debian's packages, unpacked"\n`,
    passwd: "root:x:0:0:root:/root:/bin/sh\n",
    "resolv.conf": "",
  };
  for (const [path, text] of Object.entries(plain)) await writeFile(join(etc, path), text);
}

/** Starts the node's namespaces and containerd in them; resolves when containerd answers. */
export async function startContainerd(instance: Instance, built: Built): Promise<NodeShell> {
  const { folder, network } = instance;
  const init = await startDaemon(folder, {
    name: "node",
    file: "nsenter",
    args: [`--net=/run/netns/${network.name}`, "unshare", "--mount", "--pid", "--uts", "--fork", "--kill-child"].concat(
      [join(built.packages, "usr/bin/busybox"), "sh", roomFile("data/start-node.sh")],
    ),
    env: { PACKAGES: built.packages, COMMANDS: built.commands, NODE: join(folder, "node"), NODE_NAME: network.name },
    wraps: true,
  });
  // It becomes this program when the node's root is complete.
  const isComplete = async (): Promise<boolean> => (await readFile(`/proc/${init}/comm`, "utf8")) === "tini-static\n";
  await daemonIsReady(folder, "node", isComplete);
  const node = nodeShell(init);
  await startDaemon(folder, node("containerd", "/usr/bin/containerd", []));
  const { file, args, env = {} } = node("ctr", "/usr/bin/ctr", ["version"]);
  await daemonIsReady(folder, "containerd", () => run(file, args, { env }).then(() => true));
  return node;
}

/** Starts what makes pods of the API server's words; containerd and the API server must be there. */
export async function startKubelet({ folder, network }: Instance, node: NodeShell): Promise<void> {
  const kubelet = [
    "--config=/etc/kubernetes/kubelet.yaml",
    "--kubeconfig=/etc/kubernetes/kubelet.kubeconfig",
    `--hostname-override=${network.name}`,
    `--node-ip=${network.nodeAddress}`,
  ];
  await startDaemon(folder, node("kubelet", "/opt/kubernetes/kubelet", kubelet));
  const proxy = ["--config=/etc/kubernetes/kube-proxy.yaml"];
  await startDaemon(folder, node("kube-proxy", "/opt/kubernetes/kube-proxy", proxy));
}

/** A program as it is started in the node: from there it sees the node's files, network and processes alone. */
export type NodeShell = (name: string, file: string, args: readonly string[]) => Daemon;

function nodeShell(init: number): NodeShell {
  return (name, file, args) => ({
    name,
    file: "nsenter",
    args: [`--target=${init}`, "--mount", "--net", "--pid", "--uts", "--", file, ...args],
    env: { PATH: "/opt/kubernetes:/usr/sbin:/usr/bin", HOME: "/root" },
    wraps: true,
  });
}
