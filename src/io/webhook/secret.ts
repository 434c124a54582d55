import { readFile } from "node:fs/promises";
import { ProblemError } from "../../model/problem.ts";

/** Shorter ones can be guessed. */
const shortestSecret = 16;

/** The secret as the file holds it now; rejects with `ProblemError` where there is none that is long enough. */
export async function readSecret(file: string): Promise<string> {
  const secret = await readFile(file, "utf8").then(
    (text) => text.trim(),
    () => "",
  );
  if (secret.length >= shortestSecret) return secret;
  throw new ProblemError({
    code: "webhook-secret-missing",
    message: `${file} holds no secret of at least ${shortestSecret} characters for the webhook.`,
    remedy: "Write one there, for example the output of `openssl rand -hex 32`, and give the same to the forge.",
  });
}
