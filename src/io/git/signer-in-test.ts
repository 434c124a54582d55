import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** For tests: a new SSH key; `key` is the file of the private one, `publicKey` what a line of allowed signers has. */
export interface Signer {
  readonly key: string;
  readonly publicKey: string;
}

/** For tests: makes a key in a folder. */
export function newSigner(folder: string, name: string): Signer {
  const key = join(folder, `key-${name}`);
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", key]);
  return { key, publicKey: readFileSync(`${key}.pub`, "utf8").split(" ").slice(0, 2).join(" ") };
}
