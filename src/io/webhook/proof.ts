import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

/** Checks what a forge proves itself by; the body is fed in piece by piece, so that none of it is kept. */
export interface Proof {
  update(piece: Buffer): void;
  /** True when the request comes from somebody who knows the secret. Takes the same time whatever was sent. */
  holds(): boolean;
}

/** Headers with `HMAC-SHA256(secret, body)` in hex: of GitHub, Gitea and Forgejo, and of whoever signs on their own. */
const signatures = ["x-hub-signature-256", "x-gitea-signature", "x-forgejo-signature", "x-plumbline-signature"];

/**
 * What proves a request: the first signature header that it carries; else GitLab's token, which is the secret itself;
 * undefined when it brings neither.
 */
export function proofOf(headers: IncomingHttpHeaders, secret: string): Proof | undefined {
  const given = signatures.map((name) => headers[name]).find((value) => typeof value === "string");
  if (typeof given === "string") {
    const hmac = createHmac("sha256", secret);
    return {
      update: (piece) => hmac.update(piece),
      holds: () => isSame(given.replace(/^sha256=/, "").toLowerCase(), hmac.digest("hex")),
    };
  }
  const token = headers["x-gitlab-token"];
  if (typeof token !== "string") return undefined;
  return { update: () => undefined, holds: () => isSame(token, secret) };
}

/** Digests are compared, so that neither the content nor the length of what was expected shows in the time. */
function isSame(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
