import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { chmod, writeFile } from "node:fs/promises";
import type { TLSSocket } from "node:tls";
import { type Certified, issue } from "./certificate.ts";

/** Everything by which a server and its one administrator know each other; made anew at each start. */
export interface Identity {
  readonly caCertificate: string;
  readonly server: Certified;
  readonly admin: Certified;
  readonly token: string;
}

/** A user as requests are made by. */
export interface User {
  readonly username: string;
  readonly groups: readonly string[];
}

const admin: User = { username: "kubernetes-admin", groups: ["system:masters", "system:authenticated"] };

/** A new authority with a server certificate for this machine's loopback, an admin's certificate and a token. */
export async function newIdentity(nowMs: number): Promise<Identity> {
  const ca = await issue({ commonName: "plumbline-cluster-ca", usage: "authority", nowMs });
  const server = await issue({
    commonName: "kube-apiserver",
    issuer: ca.authority,
    usage: "server",
    dnsNames: ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"],
    ipAddresses: ["127.0.0.1"],
    nowMs,
  });
  const client = await issue({
    commonName: admin.username,
    organization: "system:masters",
    issuer: ca.authority,
    usage: "client",
    nowMs,
  });
  return { caCertificate: ca.certificate, server, admin: client, token: randomBytes(32).toString("base64url") };
}

/** Who makes a request: by client certificate or bearer token; undefined for anyone else. */
export function userOf(identity: Identity, socket: TLSSocket, authorization: string | undefined): User | undefined {
  if (socket.authorized) return admin;
  const token = /^Bearer (.+)$/i.exec(authorization ?? "")?.[1];
  return token !== undefined && timingSafeEqual(digest(token), digest(identity.token)) ? admin : undefined;
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

/** Writes the kubeconfig of the administrator; only this user may read it. */
export async function writeKubeconfig(identity: Identity, url: string, path: string): Promise<void> {
  const encoded = (pem: string): string => Buffer.from(pem).toString("base64");
  const content = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      { name: "plumbline", cluster: { server: url, "certificate-authority-data": encoded(identity.caCertificate) } },
    ],
    users: [
      {
        name: "admin",
        user: {
          "client-certificate-data": encoded(identity.admin.certificate),
          "client-key-data": encoded(identity.admin.key),
          token: identity.token,
        },
      },
    ],
    contexts: [{ name: "plumbline", context: { cluster: "plumbline", user: "admin" } }],
    "current-context": "plumbline",
  };
  // JSON is YAML; the file is closed to others from its first byte on.
  await writeFile(path, `${JSON.stringify(content, undefined, 2)}\n`, { mode: 0o600 });
  await chmod(path, 0o600);
}
