import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { newIdentity } from "../../../../cluster/api/https/identity.ts";
import { isCached } from "../../../../tools/kubernetes/cache.ts";
import type { Lacking } from "../../../../tools/kubernetes/lacking.ts";
import { debianPackages, debianProgram } from "../../../../tools/kubernetes/packages.ts";
import { commandOf, findPackages } from "./debian-program-in-test.ts";

/** For tests: Debian's docker-registry, running. */
export interface DockerRegistry {
  /** `127.0.0.1:<port>`. */
  readonly host: string;
  /** Where it keeps everything. */
  readonly folder: string;
  /** Its authority's certificate, where it has TLS. */
  readonly ca: string | undefined;
}

/** For tests: how a registry wants to be asked. */
export interface DockerRegistryOptions {
  readonly tls?: boolean;
  /** Lets in `account` alone. */
  readonly password?: boolean;
  /** The `auth.token` part of its configuration, as JSON. */
  readonly token?: object;
}

/** For tests: the one who may. */
export const account = { username: "releaser", password: "s3cret-pass" };
/** Its line of an htpasswd file: bcrypt, of which the registry knows no other way. */
const htpasswd = `${account.username}:$2y$05$abcdefghijklmnopqrstuuV7fpPozvyqJfnY19y0802WTlXUm6Rjy\n`;

const program = debianProgram("docker-registry", ["docker-registry", "libc6"]);
let root: Promise<string | Lacking> | undefined;

/** For tests: why there is no docker-registry here; undefined when there is one. */
export async function noDockerRegistry(): Promise<string | undefined> {
  root ??= findRoot();
  const found = await root;
  return typeof found === "string" ? undefined : found.message;
}

/** The packages of the real cluster hold it as well; where those are not, it is fetched alone. */
async function findRoot(): Promise<string | Lacking> {
  return findPackages((await isCached(debianPackages)) ? debianPackages : program);
}

/** For tests: starts a registry of its own, which ends with the test. */
export async function startDockerRegistry(
  t: TestContext,
  { tls = false, password = false, token }: DockerRegistryOptions = {},
): Promise<DockerRegistry> {
  const packages = String(await root);
  const folder = await mkdtemp(join(tmpdir(), "plumbline-registry-"));
  const file = (name: string): string => join(folder, name);
  const identity = tls ? await newIdentity(Date.now()) : undefined;
  if (identity !== undefined) {
    await writeFile(file("server.crt"), identity.server.certificate);
    await writeFile(file("server.key"), identity.server.key);
    await writeFile(file("ca.crt"), identity.caCertificate);
  }
  await writeFile(file("htpasswd"), htpasswd);
  const auth = password ? { htpasswd: { realm: "test", path: file("htpasswd") } } : token && { token };
  const config = {
    version: 0.1,
    log: { level: "info", formatter: "text" },
    storage: { filesystem: { rootdirectory: file("data") }, delete: { enabled: true } },
    http: {
      addr: "127.0.0.1:0",
      ...(identity === undefined ? {} : { tls: { certificate: file("server.crt"), key: file("server.key") } }),
    },
    ...(auth === undefined ? {} : { auth }),
  };
  // JSON is YAML.
  await writeFile(file("config.yml"), JSON.stringify(config));
  const [loader, ...args] = await commandOf(packages, "usr/bin/docker-registry");
  const child = spawn(loader, [...args, "serve", file("config.yml")], { stdio: ["ignore", "ignore", "pipe"] });
  const ended = once(child, "exit");
  t.after(async () => {
    child.kill("SIGKILL");
    await ended;
    await rm(folder, { recursive: true, force: true });
  });
  let said = "";
  for await (const line of createInterface({ input: child.stderr })) {
    said += `${line}\n`;
    const port = /listening on 127\.0\.0\.1:(\d+)/.exec(line)?.[1];
    if (port === undefined) continue;
    child.stderr.resume();
    return {
      host: `127.0.0.1:${port}`,
      folder: file("data"),
      ca: identity === undefined ? undefined : file("ca.crt"),
    };
  }
  throw new Error(`docker-registry ended before it listened:\n${said}`);
}
