import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import { ProblemError } from "../../../model/problem.ts";
import { dockerFolder } from "./docker-config.ts";

/** Whom a registry is believed to be by, and the certificate that is shown to it. */
export interface Trust {
  readonly ca: readonly string[];
  readonly cert?: string;
  readonly key?: string;
}

/**
 * The usual authorities, with those of `$SSL_CERT_FILE` and `$NODE_EXTRA_CA_CERTS`, and of the registry's own folder as docker
 * and podman know it: `certs.d/<host>` in docker's configuration or in /etc, with `*.crt` for authorities and one
 * `*.cert` beside its `*.key` to be shown.
 */
export async function trustFor(
  host: string,
  environment: { readonly [name: string]: string | undefined },
): Promise<Trust> {
  const named = [environment["SSL_CERT_FILE"], environment["NODE_EXTRA_CA_CERTS"]].filter(
    (path): path is string => path !== undefined && path !== "",
  );
  const docker = dockerFolder(environment);
  const roots = [...(docker === undefined ? [] : [docker]), "/etc/docker", "/etc/containers"];
  const held = await Promise.all(roots.map((root) => filesOf(join(root, "certs.d", host))));
  const files = held.find((found) => found.length > 0) ?? [];
  const authorities = [...named, ...files.filter((path) => path.endsWith(".crt"))];
  const shown = files.find((path) => path.endsWith(".cert") && files.includes(keyOf(path)));
  return {
    ca: [...rootCertificates, ...(await Promise.all(authorities.map(pem)))],
    ...(shown === undefined ? {} : { cert: await pem(shown), key: await pem(keyOf(shown)) }),
  };
}

function keyOf(path: string): string {
  return path.replace(/\.cert$/, ".key");
}

async function filesOf(folder: string): Promise<readonly string[]> {
  const names: readonly string[] = await readdir(folder).catch(() => []);
  return names.toSorted().map((name) => join(folder, name));
}

async function pem(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    throw new ProblemError({
      code: "certificate-unreadable",
      message: `The certificate file cannot be read (${code}).`,
      where: { file: path },
      remedy: "Correct $SSL_CERT_FILE, $NODE_EXTRA_CA_CERTS or the registry's folder in certs.d.",
    });
  }
}
