import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ProblemError } from "../../model/problem.ts";
import type { Problem, Result } from "../../model/problem.ts";
import type { Processes } from "../process/process.ts";
import { gitFailure } from "./git-command.ts";
import type { GitCommand } from "./git-command.ts";
import type { AllowedSigners } from "./git.ts";
import { checkId } from "./remote.ts";
import type { Remote } from "./remote.ts";

/** What signatures are checked with: git on the mirror in `folder`. */
export interface SignatureTools {
  readonly git: GitCommand;
  readonly processes: Processes;
  readonly folder: string;
  readonly remote: Remote;
}

/**
 * Who signed a commit, when that is an allowed signer; else a problem that says what is wrong with its signature, and who may
 * sign. Only what `allowed` names counts: neither the repository's nor the machine's keys and configuration do.
 */
export async function signerOf(
  tools: SignatureTools,
  commit: string,
  allowed: AllowedSigners,
): Promise<Result<string>> {
  checkId(commit);
  const keyring = join(tools.folder, "allowed-keys");
  await makeKeyring(tools, keyring, allowed.keys);
  const configuration = [
    // git would take the signature of a key that nobody listed for a good one.
    "gpg.minTrustLevel=fully",
    `gpg.ssh.allowedSignersFile=${allowed.signers ?? "/dev/null"}`,
    "gpg.x509.program=false",
  ];
  const args = [...configuration.flatMap((setting) => ["-c", setting]), "verify-commit", "--raw", commit];
  const done = await tools.git.run(args, { env: { GNUPGHOME: keyring } });
  // Ended from outside it says nothing of the commit.
  if (done.code === null) throw gitFailure("verify-commit", done, tools.remote);
  const who = /^Good "git" signature for (.+?) with |^\[GNUPG:\] GOODSIG [0-9A-F]+ (.+)$/m.exec(done.stderr);
  const name = who?.[1] ?? who?.[2];
  if (done.code === 0 && name !== undefined) return { ok: true, value: name };
  return { ok: false, problems: [notSigned(commit, reasonOf(done.stderr), await whoMay(allowed))] };
}

/** Made anew each time: the file of keys may have been replaced, and what it no longer holds must not count. */
async function makeKeyring(tools: SignatureTools, keyring: string, keys: string | undefined): Promise<void> {
  await rm(keyring, { recursive: true, force: true });
  await mkdir(keyring, { mode: 0o700 });
  await writeFile(join(keyring, "gpg.conf"), "trust-model always\nno-autostart\n");
  if (keys === undefined) return;
  const args = ["--batch", "--quiet", "--no-autostart", "--homedir", keyring, "--import", keys];
  const done = await tools.processes.run({ file: "gpg", args, env: tools.git.env });
  if (done.code === 0) return;
  throw new ProblemError({
    code: "allowed-keys-unusable",
    message: `The allowed keys in ${keys} could not be read: ${done.missing ? "gpg is not on this machine" : done.stderr.trim()}.`,
    remedy: "Give --allowed-keys a file that `gpg --export` wrote, and install gpg.",
  });
}

function reasonOf(stderr: string): string {
  if (/^Good "git" signature with /m.test(stderr)) return "its key is not one of an allowed signer";
  if (/NO_PUBKEY|ERRSIG/.test(stderr)) return "its key is not one of the allowed keys";
  if (/EXPKEYSIG|EXPSIG|expired/i.test(stderr)) return "its key or signature has expired";
  if (/REVKEYSIG/.test(stderr)) return "its key was revoked";
  if (/BADSIG|Could not verify|incorrect signature|invalid/i.test(stderr)) return "its signature does not fit it";
  return stderr.trim() === "" ? "it has no signature" : "its signature could not be checked";
}

async function whoMay({ signers, keys }: AllowedSigners): Promise<readonly string[]> {
  const text = signers === undefined ? "" : await readFile(signers, "utf8").catch(() => "");
  const named = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split(/\s/)[0] ?? "");
  return [...new Set(named), ...(keys === undefined ? [] : ["the owners of the allowed keys"])];
}

function notSigned(commit: string, why: string, who: readonly string[]): Problem {
  const shown = who.length > 10 ? [...who.slice(0, 10), `${who.length - 10} more`] : who;
  return {
    code: "commit-not-signed",
    message: `The commit ${commit.slice(0, 8)} is not signed by an allowed signer: ${why}.`,
    remedy:
      shown.length === 0
        ? "Nobody may sign: start the engine with --allowed-signers or --allowed-keys."
        : `Have it signed, or make the change by a signed commit (git commit -S); may sign: ${shown.join(", ")}.`,
  };
}
