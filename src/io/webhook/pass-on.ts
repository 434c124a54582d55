import { createHmac } from "node:crypto";
import { request } from "node:http";
import { readSecret } from "./secret.ts";

/** The header of a push that one engine passes on to another: it is not passed on again, so that two never play ball. */
export const passedOnHeader = "x-plumbline-passed-on";

/** Engines of one cluster answer at once, or not at all. */
const patienceMs = 5000;

/**
 * Tells the engine that listens at `address` of a push, by a request of its own that is signed with the same secret; false when
 * it does not take it. Nothing of what the forge sent is passed on.
 */
export async function passOn(address: string, secretFile: string): Promise<boolean> {
  const secret = await readSecret(secretFile);
  const signature = createHmac("sha256", secret).update("").digest("hex");
  const headers = {
    "x-plumbline-signature": `sha256=${signature}`,
    [passedOnHeader]: "1",
    "content-length": "0",
  };
  return new Promise((resolve) => {
    const sent = request(address, { method: "POST", headers, signal: AbortSignal.timeout(patienceMs) }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 202);
    });
    sent.on("error", () => resolve(false));
    sent.end();
  });
}
