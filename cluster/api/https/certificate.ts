import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";

/** A certificate and its key, PEM. */
export interface Certified {
  readonly certificate: string;
  readonly key: string;
}

/** Who can sign, and with what: the subject and the key of a certificate authority. */
interface Authority {
  readonly commonName: string;
  readonly key: KeyObject;
}

/** What a certificate says. */
interface CertificateOptions {
  readonly commonName: string;
  readonly organization?: string;
  /** Undefined makes an authority that signs itself. */
  readonly issuer?: Authority;
  readonly usage: "authority" | "server" | "client";
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  readonly nowMs: number;
}

const tenYearsMs = 10 * 365 * 24 * 3600 * 1000;

/** Issues an X.509 v3 certificate with a new P-256 key, DER by hand, as node:crypto can sign but not issue. */
export function issue(options: CertificateOptions): Certified & { readonly authority: Authority } {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const issuer = options.issuer ?? { commonName: options.commonName, key: privateKey };
  const body = sequence(
    tagged(0, integer(Buffer.from([2]))),
    integer(randomBytes(16)),
    sequence(oid(ecdsaWithSha256)),
    name(issuer.commonName),
    sequence(time(options.nowMs - 3600_000), time(options.nowMs + tenYearsMs)),
    name(options.commonName, options.organization),
    publicKey.export({ type: "spki", format: "der" }),
    tagged(3, sequence(...extensions(options, publicKey, issuer.key))),
  );
  const signature = sign("sha256", body, issuer.key);
  const der = sequence(body, sequence(oid(ecdsaWithSha256)), bits(signature));
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return {
    certificate: `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    authority: { commonName: options.commonName, key: privateKey },
  };
}

const ecdsaWithSha256 = "1.2.840.10045.4.3.2";
const usageBits = { authority: [0x06, 0x01], server: [0x80, 0x07], client: [0x80, 0x07] } as const;
const extendedUsage = { authority: undefined, server: "1.3.6.1.5.5.7.3.1", client: "1.3.6.1.5.5.7.3.2" } as const;

function extensions(options: CertificateOptions, publicKey: KeyObject, issuerKey: KeyObject): Buffer[] {
  const { usage, dnsNames = [], ipAddresses = [] } = options;
  const isAuthority = usage === "authority";
  const [mask, unused] = usageBits[usage];
  const extended = extendedUsage[usage];
  const names = [
    ...dnsNames.map((dns) => tlv(0x82, Buffer.from(dns))),
    ...ipAddresses.map((ip) => tlv(0x87, Buffer.from(ip.split(".").map(Number)))),
  ];
  return [
    extension("2.5.29.19", sequence(...(isAuthority ? [tlv(0x01, Buffer.from([0xff]))] : [])), true),
    extension("2.5.29.15", tlv(0x03, Buffer.from([unused, mask])), true),
    ...(extended === undefined ? [] : [extension("2.5.29.37", sequence(oid(extended)))]),
    ...(names.length === 0 ? [] : [extension("2.5.29.17", sequence(...names))]),
    extension("2.5.29.14", tlv(0x04, keyId(publicKey))),
    extension("2.5.29.35", sequence(tlv(0x80, keyId(createPublicKey(issuerKey))))),
  ];
}

function keyId(publicKey: KeyObject): Buffer {
  return createHash("sha1")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest();
}

function extension(id: string, value: Buffer, critical = false): Buffer {
  return sequence(oid(id), ...(critical ? [tlv(0x01, Buffer.from([0xff]))] : []), tlv(0x04, value));
}

function name(commonName: string, organization?: string): Buffer {
  const attribute = (id: string, value: string): Buffer => tlv(0x31, sequence(oid(id), tlv(0x0c, Buffer.from(value))));
  const parts = organization === undefined ? [] : [attribute("2.5.4.10", organization)];
  return sequence(...parts, attribute("2.5.4.3", commonName));
}

function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replaceAll(/[-:T]|\.\d+/g, "");
  const year = Number(digits.slice(0, 4));
  return year < 2050 ? tlv(0x17, Buffer.from(digits.slice(2))) : tlv(0x18, Buffer.from(digits));
}

function integer(bytes: Buffer): Buffer {
  // A leading zero keeps it positive.
  return tlv(0x02, (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
}

function bits(bytes: Buffer): Buffer {
  return tlv(0x03, Buffer.concat([Buffer.from([0]), bytes]));
}

function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const bytes = [first * 40 + second];
  for (const arc of rest) {
    const groups = [arc & 0x7f];
    for (let left = arc >>> 7; left > 0; left >>>= 7) groups.unshift((left & 0x7f) | 0x80);
    bytes.push(...groups);
  }
  return tlv(0x06, Buffer.from(bytes));
}

function tagged(tag: number, content: Buffer): Buffer {
  return tlv(0xa0 | tag, content);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tlv(0x30, Buffer.concat(parts));
}

function tlv(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const header = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...header]), content]);
}
