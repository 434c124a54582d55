import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Built } from "./build.ts";
import { filled, roomFile } from "./fill.ts";
import { registryOf } from "./instance.ts";
import type { Instance } from "./instance.ts";
import type { Daemon } from "./processes.ts";

type Flags = Readonly<Record<string, string | boolean>>;

/** Where the API server writes what it was asked: one JSON object a line. */
export function auditLogOf(folder: string): string {
  return join(folder, "audit.log");
}

/** Etcd: no file is synced, since an instance never outlives its machine. */
export function etcd({ folder, network }: Instance, built: Built): Daemon {
  const url = (port: number): string => `http://${network.loopback}:${port}`;
  const flags = {
    name: "only",
    "data-dir": join(folder, "etcd"),
    "listen-client-urls": url(2379),
    "advertise-client-urls": url(2379),
    "listen-peer-urls": url(2380),
    "initial-advertise-peer-urls": url(2380),
    "initial-cluster": `only=${url(2380)}`,
    "unsafe-no-fsync": true,
  };
  return packaged(built, "etcd", "usr/bin/etcd", argumentsOf(flags));
}

/** The registry that the node pulls every image from. */
export async function registry({ folder, network }: Instance, built: Built): Promise<Daemon> {
  const file = join(folder, "registry.yaml");
  const { host } = new URL(registryOf(network));
  await writeFile(file, await filled("registry.yaml", { folder: join(folder, "registry"), registryAddress: host }));
  return packaged(built, "registry", "usr/bin/docker-registry", ["serve", file]);
}

/** The API server, on this machine's end of the link. */
export function apiServer({ folder, network }: Instance, built: Built): Daemon {
  const pki = (name: string): string => join(folder, "pki", name);
  return command(built, "kube-apiserver", {
    "etcd-servers": `http://${network.loopback}:2379`,
    "bind-address": network.hostAddress,
    "advertise-address": network.hostAddress,
    "secure-port": "6443",
    "service-cluster-ip-range": network.serviceRange,
    "authorization-mode": "Node,RBAC",
    "enable-admission-plugins": "NodeRestriction",
    "allow-privileged": true,
    "client-ca-file": pki("ca.crt"),
    "tls-cert-file": pki("apiserver.crt"),
    "tls-private-key-file": pki("apiserver.key"),
    "kubelet-certificate-authority": pki("ca.crt"),
    "kubelet-client-certificate": pki("apiserver-kubelet-client.crt"),
    "kubelet-client-key": pki("apiserver-kubelet-client.key"),
    "kubelet-preferred-address-types": "InternalIP",
    "service-account-issuer": "https://kubernetes.default.svc.cluster.local",
    "service-account-key-file": pki("service-accounts.pub"),
    "service-account-signing-key-file": pki("service-accounts.key"),
    "audit-policy-file": roomFile("data/audit-policy.yaml"),
    "audit-log-path": auditLogOf(folder),
    // One file, however long: what counts requests reads it whole.
    "audit-log-maxsize": "10000",
  });
}

/** The controllers. */
export function controllerManager(instance: Instance, built: Built): Daemon {
  const { folder, network } = instance;
  const pki = (name: string): string => join(folder, "pki", name);
  return command(built, "kube-controller-manager", {
    ...lonely(instance, "controller-manager.kubeconfig"),
    "use-service-account-credentials": true,
    "root-ca-file": pki("ca.crt"),
    "service-account-private-key-file": pki("service-accounts.key"),
    "cluster-signing-cert-file": pki("ca.crt"),
    "cluster-signing-key-file": pki("ca.key"),
    "allocate-node-cidrs": true,
    "cluster-cidr": network.podRange,
    "node-cidr-mask-size": "24",
    "service-cluster-ip-range": network.serviceRange,
  });
}

/** The scheduler. */
export function scheduler(instance: Instance, built: Built): Daemon {
  return command(built, "kube-scheduler", lonely(instance, "scheduler.kubeconfig"));
}

/** What a part needs that talks to the API server and has no second of its kind. */
function lonely({ folder, network }: Instance, kubeconfig: string): Flags {
  const path = join(folder, kubeconfig);
  return {
    kubeconfig: path,
    "authentication-kubeconfig": path,
    "authorization-kubeconfig": path,
    "bind-address": network.loopback,
    "leader-elect": false,
  };
}

function command({ commands }: Built, name: string, flags: Flags): Daemon {
  return { name, file: join(commands, name), args: argumentsOf(flags) };
}

/** A program of the packages, with the packages' own loader and libraries: it runs whatever the machine itself has. */
function packaged({ packages, loader, libraries }: Built, name: string, path: string, args: readonly string[]): Daemon {
  const program = join(packages, path);
  return { name, file: loader, args: ["--library-path", libraries, program, ...args] };
}

function argumentsOf(flags: Flags): readonly string[] {
  return Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
}
