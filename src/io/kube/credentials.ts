import { readFile } from "node:fs/promises";
import type { Clock } from "../clock/clock.ts";
import type { Credentials, CredentialSource } from "./access.ts";

/** How long what was read from files is used: kubelets and plugins replace it long before it runs out. */
const keepMs = 60_000;

/** Credentials that never change. */
export function fixedCredentials(credentials: Credentials): CredentialSource {
  return { get: () => Promise.resolve(credentials), refused: () => false };
}

/** Credentials from files, read again every minute and after a refusal, because they are replaced in place. */
export function fileCredentials(clock: Clock, read: () => Promise<Credentials>): CredentialSource {
  return remembered(async () => ({ credentials: await read(), untilMs: clock.now() + keepMs }), clock);
}

/** The token of a file as an Authorization header. */
export async function tokenOf(path: string): Promise<Credentials> {
  return { authorization: `Bearer ${(await readFile(path, "utf8")).trim()}` };
}

/** Credentials and until when they are good, in milliseconds since the epoch; undefined is for as long as they are taken. */
export interface Lent {
  readonly credentials: Credentials;
  readonly untilMs?: number;
}

/** Remembers what `borrow` gave until it runs out or is refused; those who ask meanwhile wait for the same answer. */
export function remembered(borrow: () => Promise<Lent>, clock: Clock): CredentialSource {
  let lent: Lent | undefined;
  let asking: Promise<Lent> | undefined;
  return {
    async get() {
      if (lent && (lent.untilMs === undefined || clock.now() < lent.untilMs)) return lent.credentials;
      asking ??= borrow().finally(() => {
        asking = undefined;
      });
      lent = await asking;
      return lent.credentials;
    },
    refused() {
      lent = undefined;
      return true;
    },
  };
}
