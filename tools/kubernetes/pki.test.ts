import assert from "node:assert/strict";
import { X509Certificate, createPrivateKey, createPublicKey } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { kubeconfigOf } from "./instance.ts";
import { networkOf } from "./network.ts";
import { writePki } from "./pki.ts";

test("each certificate is signed by the instance's authority, names its holder, and goes with its key", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "plumbline-pki-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const network = networkOf(207);
  await writePki({ folder, network });
  const read = (path: string): string => readFileSync(join(folder, path), "utf8");
  const authority = new X509Certificate(read("pki/ca.crt"));
  assert.equal(authority.ca, true);
  const certified = (certificate: string, key: string): X509Certificate => {
    const parsed = new X509Certificate(certificate);
    assert.ok(parsed.verify(authority.publicKey));
    assert.ok(parsed.checkPrivateKey(createPrivateKey(key)));
    return parsed;
  };

  const server = certified(read("pki/apiserver.crt"), read("pki/apiserver.key"));
  for (const address of [network.hostAddress, network.apiServiceAddress]) assert.ok(server.checkIP(address), address);
  assert.ok(server.checkHost("kubernetes.default.svc"));
  const kubelet = "node/etc/kubernetes/pki/kubelet";
  assert.ok(certified(read(`${kubelet}.crt`), read(`${kubelet}.key`)).checkIP(network.nodeAddress));

  const subjects = {
    kubeconfig: "CN=admin\nO=system:masters",
    "scheduler.kubeconfig": "CN=system:kube-scheduler",
    "node/etc/kubernetes/kubelet.kubeconfig": `CN=system:node:${network.name}\nO=system:nodes`,
  };
  for (const [path, subject] of Object.entries(subjects)) {
    const { clusters, users } = JSON.parse(read(path)) as {
      clusters: { cluster: { server: string } }[];
      users: { user: Record<"client-certificate-data" | "client-key-data", string> }[];
    };
    const pem = (key: "client-certificate-data" | "client-key-data"): string =>
      Buffer.from(users[0]?.user[key] ?? "", "base64").toString();
    assert.equal(certified(pem("client-certificate-data"), pem("client-key-data")).subject, subject);
    assert.equal(clusters[0]?.cluster.server, `https://${network.hostAddress}:6443`);
  }
  assert.equal(statSync(kubeconfigOf(folder)).mode & 0o777, 0o600);
  const accounts = createPublicKey(createPrivateKey(read("pki/service-accounts.key")));
  assert.ok(accounts.equals(createPublicKey(read("pki/service-accounts.pub"))));
});
