import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { chmod, writeFile } from "node:fs/promises";
import type { PeerCertificate, TLSSocket } from "node:tls";
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
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

const admin: User = { username: "admin", groups: ["system:masters", "system:authenticated"] };

/** A new authority with a server certificate for this machine's loopback, an admin's certificate and a token. */
export async function newIdentity(nowMs: number): Promise<Identity> {
  const ca = await issue({ commonName: "plumbline-cluster-ca", usage: "authority", nowMs });
  const issuer = ca.authority;
  const [server, client] = await Promise.all([
    issue({ commonName: "kube-apiserver", issuer, usage: "server", nowMs }),
    issue({ commonName: admin.username, organization: "system:masters", issuer, usage: "client", nowMs }),
  ]);
  return { caCertificate: ca.certificate, server, admin: client, token: randomBytes(32).toString("base64url") };
}

/** Who makes a request: by client certificate or bearer token; undefined for anyone else. */
export function userOf(identity: Identity, socket: TLSSocket, authorization = ""): User | undefined {
  // A resumed TLS session counts as authorized though it never had a certificate.
  const certificate = (socket.getPeerCertificate() as Partial<PeerCertificate>).raw;
  if (!socket.authorized || !certificate) return userOfToken(identity, /^Bearer (.+)$/i.exec(authorization)?.[1] ?? "");
  const credential = `X509SHA256=${digest(certificate).toString("hex")}`;
  return { ...admin, extra: { "authentication.kubernetes.io/credential-id": [credential] } };
}

/** Who a bearer token belongs to; undefined for a token of nobody. */
export function userOfToken(identity: Identity, token: string): User | undefined {
  return timingSafeEqual(digest(token), digest(identity.token)) ? admin : undefined;
}

function digest(content: string | Buffer): Buffer {
  return createHash("sha256").update(content).digest();
}

/** Writes the kubeconfig of the administrator; only this user may read it. */
export async function writeKubeconfig(identity: Identity, url: string, path: string): Promise<void> {
  const encoded = (pem: string): string => Buffer.from(pem).toString("base64");
  const cluster = { server: url, "certificate-authority-data": encoded(identity.caCertificate) };
  const user = {
    "client-certificate-data": encoded(identity.admin.certificate),
    "client-key-data": encoded(identity.admin.key),
    token: identity.token,
  };
  const content = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "plumbline", cluster }],
    users: [{ name: "admin", user }],
    contexts: [{ name: "plumbline", context: { cluster: "plumbline", user: "admin" } }],
    "current-context": "plumbline",
  };
  // JSON is YAML; the file is closed to others from its first byte on.
  await writeFile(path, `${JSON.stringify(content, undefined, 2)}\n`, { mode: 0o600 });
  await chmod(path, 0o600);
}
