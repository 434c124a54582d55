import { generateKeyPairSync } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { issue } from "../../cluster/api/https/certificate.ts";
import { kubeconfigOf } from "./instance.ts";
import type { Instance } from "./instance.ts";
import type { Network } from "./network.ts";

type Issued = Awaited<ReturnType<typeof issue>>;
type Wanted = Omit<Parameters<typeof issue>[0], "issuer" | "nowMs">;

/** Certificates by the name of their files below `pki` and, for the node, below `node/etc/kubernetes/pki`. */
const certificates = (network: Network): Readonly<Record<string, Wanted>> => ({
  "pki/apiserver": {
    usage: "server",
    commonName: "kube-apiserver",
    dnsNames: ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"],
    ipAddresses: [network.hostAddress, network.apiServiceAddress],
  },
  "pki/apiserver-kubelet-client": {
    usage: "client",
    commonName: "kube-apiserver-kubelet-client",
    organization: "system:masters",
  },
  "node/etc/kubernetes/pki/kubelet": {
    usage: "server",
    commonName: `system:node:${network.name}`,
    organization: "system:nodes",
    dnsNames: [network.name],
    ipAddresses: [network.nodeAddress],
  },
});

/** Who talks to the API server, by kubeconfig. */
const users = (network: Network): Readonly<Record<string, Omit<Wanted, "usage">>> => ({
  [kubeconfigOf("")]: { commonName: "admin", organization: "system:masters" },
  "controller-manager.kubeconfig": { commonName: "system:kube-controller-manager" },
  "scheduler.kubeconfig": { commonName: "system:kube-scheduler" },
  "node/etc/kubernetes/kubelet.kubeconfig": {
    commonName: `system:node:${network.name}`,
    organization: "system:nodes",
  },
  "node/etc/kubernetes/kube-proxy.kubeconfig": { commonName: "system:kube-proxy" },
});

/** Makes a new authority and everything that it signs: certificates, kubeconfigs, and the key of service accounts. */
export async function writePki({ folder, network }: Instance): Promise<void> {
  const nowMs = Date.now();
  const ca = await issue({ commonName: `${network.name}-ca`, usage: "authority", nowMs });
  const sign = (wanted: Wanted): Promise<Issued> => issue({ ...wanted, issuer: ca.authority, nowMs });

  await writeSecret(join(folder, "pki/ca.crt"), ca.certificate);
  await writeSecret(join(folder, "pki/ca.key"), ca.key);
  await writeSecret(join(folder, "node/etc/kubernetes/pki/ca.crt"), ca.certificate);
  for (const [path, wanted] of Object.entries(certificates(network))) {
    const { certificate, key } = await sign(wanted);
    await writeSecret(join(folder, `${path}.crt`), certificate);
    await writeSecret(join(folder, `${path}.key`), key);
  }
  for (const [path, wanted] of Object.entries(users(network))) {
    const user = await sign({ ...wanted, usage: "client" });
    await writeSecret(join(folder, path), kubeconfig(network, ca.certificate, user));
  }
  const accounts = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  await writeSecret(join(folder, "pki/service-accounts.key"), accounts.privateKey);
  await writeSecret(join(folder, "pki/service-accounts.pub"), accounts.publicKey);
}

function kubeconfig({ name, hostAddress }: Network, authority: string, { certificate, key }: Issued): string {
  const encoded = (pem: string): string => Buffer.from(pem).toString("base64");
  const cluster = { server: `https://${hostAddress}:6443`, "certificate-authority-data": encoded(authority) };
  const user = { "client-certificate-data": encoded(certificate), "client-key-data": encoded(key) };
  const content = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name, cluster }],
    users: [{ name, user }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    "current-context": name,
  };
  // JSON is YAML.
  return `${JSON.stringify(content, undefined, 2)}\n`;
}

async function writeSecret(path: string, content: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content, { mode: 0o600 });
}
