import "reflect-metadata";
import { generateKeyPairSync } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { isIP } from "node:net";
import { dirname, join } from "node:path";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
} from "@peculiar/x509";
import { issue } from "../../cluster/api/https/identity.ts";
import { kubeconfigOf } from "./instance.ts";
import type { Instance } from "./instance.ts";
import type { Network } from "./network.ts";

type Issued = Awaited<ReturnType<typeof issue>>;

/** Whom a certificate is for: a server has addresses and names, a client has a group or none. */
interface Holder {
  readonly commonName: string;
  readonly organization?: string;
  readonly hosts?: readonly string[];
}

/** Certificates by the name of their files. */
const certificates = (network: Network): Readonly<Record<string, Holder>> => ({
  "pki/apiserver": {
    commonName: "kube-apiserver",
    hosts: [
      network.hostAddress,
      network.apiServiceAddress,
      "kubernetes",
      "kubernetes.default",
      "kubernetes.default.svc",
    ],
  },
  "pki/apiserver-kubelet-client": { commonName: "kube-apiserver-kubelet-client", organization: "system:masters" },
  "node/etc/kubernetes/pki/kubelet": {
    commonName: `system:node:${network.name}`,
    organization: "system:nodes",
    hosts: [network.nodeAddress, network.name],
  },
});

/** Who talks to the API server, by kubeconfig. */
const users = (network: Network): Readonly<Record<string, Holder>> => ({
  [kubeconfigOf("")]: { commonName: "admin", organization: "system:masters" },
  "controller-manager.kubeconfig": { commonName: "system:kube-controller-manager" },
  "scheduler.kubeconfig": { commonName: "system:kube-scheduler" },
  "node/etc/kubernetes/kubelet.kubeconfig": {
    commonName: `system:node:${network.name}`,
    organization: "system:nodes",
  },
  "node/etc/kubernetes/kube-proxy.kubeconfig": { commonName: "system:kube-proxy" },
});

const authority = [
  new BasicConstraintsExtension(true, undefined, true),
  new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.digitalSignature, true),
];
const leaf = [
  new BasicConstraintsExtension(false, undefined, true),
  new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
];
const client = [new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth])];
const server = (hosts: readonly string[]) => [
  new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
  new SubjectAlternativeNameExtension(
    hosts.map((value) => (isIP(value) ? ({ type: "ip", value } as const) : ({ type: "dns", value } as const))),
  ),
];

/** Makes a new authority and everything that it signs: certificates, kubeconfigs, and the key of service accounts. */
export async function writePki({ folder, network }: Instance): Promise<void> {
  const nowMs = Date.now();
  const ca = await issue(nowMs, [{ CN: [`${network.name}-ca`] }], authority);
  const sign = ({ commonName, organization, hosts }: Holder): Promise<Issued> => {
    const name = [{ CN: [commonName] }, ...(organization === undefined ? [] : [{ O: [organization] }])];
    return issue(nowMs, name, [...leaf, ...(hosts ? server(hosts) : client)], ca.issuer);
  };

  await writeSecret(join(folder, "pki/ca.crt"), ca.certificate);
  await writeSecret(join(folder, "pki/ca.key"), ca.key);
  await writeSecret(join(folder, "node/etc/kubernetes/pki/ca.crt"), ca.certificate);
  for (const [path, holder] of Object.entries(certificates(network))) {
    const { certificate, key } = await sign(holder);
    await writeSecret(join(folder, `${path}.crt`), certificate);
    await writeSecret(join(folder, `${path}.key`), key);
  }
  for (const [path, holder] of Object.entries(users(network))) {
    await writeSecret(join(folder, path), kubeconfig(network, ca.certificate, await sign(holder)));
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
