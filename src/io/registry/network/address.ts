import { isIP } from "node:net";
import { ProblemError } from "../../../model/problem.ts";

/** Where an image's repository is: the registry that people name, the host that answers for it, the path there. */
export interface Address {
  /** As in the image's name: `registry.example.com:5000`. */
  readonly registry: string;
  /** As on the network. */
  readonly host: string;
  readonly path: string;
}

const registryPattern = /^([a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\])(:\d+)?$/i;
const pattern = /^[a-z0-9]+([._-]+[a-z0-9]+)*(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*$/;

/**
 * Takes a repository's name apart. As everywhere, the first part is a registry when it has a dot or a port or is `localhost`;
 * names without one are Docker Hub's.
 */
export function addressOf(repository: string): Address {
  const slash = repository.indexOf("/");
  const first = slash < 0 ? "" : repository.slice(0, slash);
  const named = first === "localhost" || /[.:]/.test(first);
  const registry = named ? first : hub;
  const rest = named ? repository.slice(slash + 1) : repository;
  const isHub = registry === hub || registry === "index.docker.io";
  const path = isHub && !rest.includes("/") ? `library/${rest}` : rest;
  if (pattern.test(path) && registryPattern.test(registry)) {
    return { registry: isHub ? hub : registry, host: isHub ? "registry-1.docker.io" : registry, path };
  }
  throw new ProblemError({
    code: "registry-name-invalid",
    // Some write an account before it, which nobody else must read.
    message: `"${repository.replace(/[^/]*@/, "…@")}" is not the name of an image's repository.`,
    remedy: "Write it in lower case, like registry.example.com/team/backend.",
  });
}

const hub = "docker.io";

/** True for this machine itself, which alone is spoken to in plain http without being told to. */
export function isLoopback({ hostname }: URL): boolean {
  const host = hostname.replace(/^\[|\]$/g, "");
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}
