import "reflect-metadata";
import { randomBytes, webcrypto } from "node:crypto";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";

/** A certificate and its key, PEM. */
export interface Certified {
  readonly certificate: string;
  readonly key: string;
}

/** Who can sign, and with what: the subject and the key of a certificate authority. */
interface Authority {
  readonly commonName: string;
  readonly key: webcrypto.CryptoKey;
}

/** What a certificate says. */
interface CertificateOptions {
  readonly commonName: string;
  readonly organization?: string;
  /** Undefined makes an authority that signs itself. */
  readonly issuer?: Authority;
  readonly usage: "authority" | "server" | "client";
  readonly nowMs: number;
}

const tenYearsMs = 10 * 365 * 24 * 3600 * 1000;
const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/** What each usage says of itself; a server is known by the names of this machine's loopback. */
const extensions: Readonly<Record<CertificateOptions["usage"], readonly Extension[]>> = {
  authority: [
    new BasicConstraintsExtension(true, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.digitalSignature, true),
  ],
  server: [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
    new SubjectAlternativeNameExtension([
      ...["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"].map(
        (value) => ({ type: "dns", value }) as const,
      ),
      { type: "ip", value: "127.0.0.1" },
    ]),
  ],
  client: [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth]),
  ],
};

/** Issues an X.509 v3 certificate (RFC 5280) with a new P-256 key. */
export async function issue(options: CertificateOptions): Promise<Certified & { readonly authority: Authority }> {
  const { commonName, organization, nowMs, usage } = options;
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const issuer = options.issuer ?? { commonName, key: keys.privateKey };
  const content = {
    // A positive number of at most 20 octets.
    serialNumber: `00${randomBytes(16).toString("hex")}`,
    subject: [{ CN: [commonName] }, ...(organization === undefined ? [] : [{ O: [organization] }])],
    issuer: [{ CN: [issuer.commonName] }],
    notBefore: new Date(nowMs - 3600_000),
    notAfter: new Date(nowMs + tenYearsMs),
    publicKey: keys.publicKey,
    signingKey: issuer.key,
    signingAlgorithm: algorithm,
    extensions: [...extensions[usage]],
  };
  const certificate = await X509CertificateGenerator.create(content, webcrypto);
  const key = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
  return {
    certificate: `${certificate.toString("pem")}\n`,
    key: `-----BEGIN PRIVATE KEY-----\n${key.replaceAll(/.{64}(?=.)/g, "$&\n")}\n-----END PRIVATE KEY-----\n`,
    authority: { commonName, key: keys.privateKey },
  };
}
