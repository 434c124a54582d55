import "reflect-metadata";
import { createHash, KeyObject, randomBytes, timingSafeEqual, webcrypto } from "node:crypto";
import { chmod, writeFile } from "node:fs/promises";
import type { PeerCertificate, TLSSocket } from "node:tls";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  type JsonName,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";

/** A certificate and its key, PEM. */
interface Certified {
  readonly certificate: string;
  readonly key: string;
}

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

const tenYearsMs = 10 * 365 * 24 * 3600 * 1000;
const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const hosts = ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"];

/** Who signs: the name and the key of a certificate authority. */
interface Issuer {
  readonly name: JsonName;
  readonly key: webcrypto.CryptoKey;
}

/** A new authority with a server certificate for this machine's loopback, an admin's certificate and a token. */
export async function newIdentity(nowMs: number): Promise<Identity> {
  const ca = await issue(
    nowMs,
    [{ CN: ["plumbline-cluster-ca"] }],
    [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.digitalSignature, true),
    ],
  );
  const leaf = [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
  ];
  const names = hosts.map((value) => ({ type: "dns", value }) as const);
  const server = [
    new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
    new SubjectAlternativeNameExtension([...names, { type: "ip", value: "127.0.0.1" }]),
  ];
  const client = [new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth])];
  const user = [{ CN: [admin.username] }, { O: ["system:masters"] }];
  return {
    caCertificate: ca.certificate,
    server: await issue(nowMs, [{ CN: ["kube-apiserver"] }], [...leaf, ...server], ca.issuer),
    admin: await issue(nowMs, user, [...leaf, ...client], ca.issuer),
    token: randomBytes(32).toString("base64url"),
  };
}

/** Issues an X.509 v3 certificate (RFC 5280) with a new P-256 key; without an issuer it signs itself. */
export async function issue(
  nowMs: number,
  name: JsonName,
  extensions: readonly Extension[],
  issuer?: Issuer,
): Promise<Certified & { readonly issuer: Issuer }> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const own = { name, key: keys.privateKey };
  const content = {
    // A positive number of at most 20 octets.
    serialNumber: `00${randomBytes(16).toString("hex")}`,
    subject: name,
    issuer: (issuer ?? own).name,
    notBefore: new Date(nowMs - 3600_000),
    notAfter: new Date(nowMs + tenYearsMs),
    publicKey: keys.publicKey,
    signingKey: (issuer ?? own).key,
    signingAlgorithm: algorithm,
    extensions: [...extensions],
  };
  const certificate = await X509CertificateGenerator.create(content, webcrypto);
  const key = KeyObject.from(keys.privateKey).export({ type: "pkcs8", format: "pem" }) as string;
  return { certificate: `${certificate.toString("pem")}\n`, key, issuer: own };
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
