import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { newSigner } from "./signer-in-test.ts";

/** For tests: a running SSH server of the test's own. */
export interface Sshd {
  readonly port: number;
  /** A line of known_hosts with its key. */
  readonly knownHost: string;
  /** What it has said so far. */
  readonly said: () => string;
  stop(): Promise<void>;
}

/**
 * For tests: OpenSSH's server: the machine's, or else Debian's package, unpacked into the test's folder. Answers why not, where
 * neither is to be had. `authorized` is the public key that may come in.
 */
export async function startSshd(folder: string, authorized: string): Promise<Sshd | string> {
  const program = findSshd(folder);
  if (program === undefined) return "sshd is neither on this machine nor to be had by apt-get download";
  const port = await freePort();
  const host = newSigner(folder, "host");
  const [configuration, authorizedKeys] = [join(folder, "sshd_config"), join(folder, "authorized_keys")];
  writeFileSync(authorizedKeys, `${authorized}\n`);
  writeFileSync(
    configuration,
    [
      `Port ${port}`,
      "ListenAddress 127.0.0.1",
      `HostKey ${host.key}`,
      `AuthorizedKeysFile ${authorizedKeys}`,
      "AuthenticationMethods publickey",
      "StrictModes no",
      "UsePAM no",
      "PidFile none",
      "",
    ].join("\n"),
  );
  const run = [program.file, "-D", "-e", "-f", configuration];
  const env = { PATH: process.env["PATH"], LD_LIBRARY_PATH: program.libraries };
  const asRoot = process.getuid?.() === 0;
  const child = asRoot
    ? spawn("unshare", ["--mount", "sh", "-c", inPrivate(folder), "sh", ...run], { env, detached: true })
    : spawn(run[0] ?? "", run.slice(1), { env, detached: true });
  let said = "";
  await new Promise<void>((resolve) => {
    child.stderr.on("data", (piece) => {
      said += String(piece);
      if (said.includes("Server listening")) resolve();
    });
    child.once("error", () => resolve());
    child.once("exit", () => resolve());
  });
  if (!said.includes("Server listening")) return `sshd does not start here: ${said.trim()}`;
  return {
    port,
    knownHost: `[127.0.0.1]:${port} ${host.publicKey}`,
    said: () => said,
    stop: () =>
      new Promise((resolve) => {
        child.once("exit", () => resolve());
        process.kill(-(child.pid ?? 0));
      }),
  };
}

/** As root it wants an account for its child and a folder; both exist in a mount namespace of its own alone. */
function inPrivate(folder: string): string {
  const passwd = join(folder, "passwd");
  const accounts = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .filter((line) => !line.startsWith("sshd:"));
  writeFileSync(
    passwd,
    [...accounts.filter((line) => line !== ""), "sshd:x:65533:65534::/run/sshd:/bin/false", ""].join("\n"),
  );
  return `mount --bind '${passwd}' /etc/passwd && mount -t tmpfs none /run && mkdir -m 755 /run/sshd && exec "$@"`;
}

function findSshd(folder: string): { readonly file: string; readonly libraries: string } | undefined {
  if (existsSync("/usr/sbin/sshd")) return { file: "/usr/sbin/sshd", libraries: "" };
  const unpacked = join(folder, "sshd");
  mkdirSync(unpacked);
  try {
    execFileSync("apt-get", ["download", "openssh-server", "libwrap0"], {
      cwd: unpacked,
      stdio: "ignore",
      timeout: 60_000,
    });
    for (const file of readdirSync(unpacked)) execFileSync("dpkg", ["-x", join(unpacked, file), unpacked]);
  } catch {
    return undefined;
  }
  const libraries = readdirSync(join(unpacked, "usr", "lib"))
    .map((name) => join(unpacked, "usr", "lib", name))
    .join(":");
  return { file: join(unpacked, "usr", "sbin", "sshd"), libraries };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
