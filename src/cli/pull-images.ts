import type { ImageSource } from "../../cluster/index.ts";
import { addressOf } from "../io/registry/network/address.ts";
import { networkRegistry } from "../io/registry/network/network-registry.ts";
import { systemProcesses } from "../io/process/system-processes.ts";
import { ProblemError } from "../model/problem.ts";
import { folderName } from "../release/release-file.ts";
import type { World } from "./world.ts";

/** A node tries again by itself, after longer and longer waits. */
const attempts = 3;
/** What the next try of the node may not meet. */
const passing = new Set(["registry-unreachable", "registry-failing", "registry-throttled", "registry-no-token"]);

/**
 * How the embedded node pulls images: from the registry that an image's name begins with, by the pod's accounts and then by
 * those of this machine's docker configuration.
 */
export function pullFromRegistries({ clock, random, env }: Pick<World, "clock" | "random" | "env">): ImageSource {
  return async ({ name, tag, digest }, { logins, signal }) => {
    // What release writes to folders has a name that no registry answers for.
    if (name.startsWith(`${folderName}/`)) return undefined;
    const registry = networkRegistry({
      location: name,
      clock,
      random,
      processes: systemProcesses,
      environment: env,
      logins,
      signal,
      attempts,
    });
    const { registry: host, path } = addressOf(name);
    const resolve = async (): Promise<string | undefined> => {
      if (digest === undefined) return registry.resolve(name, tag ?? "latest");
      return (await registry.hasManifest(name, digest)) ? digest : undefined;
    };
    const found = await resolve().catch(tell);
    if (found === undefined) return undefined;
    return {
      digest: found,
      pulledAs: `${host}/${path}@${found}`,
      manifest: (wanted) => told(once(registry.readManifest(name, wanted))),
      blob: (wanted) => told(registry.readBlob(name, wanted)),
    };
  };
}

async function* once(bytes: Promise<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield await bytes;
}

async function* told(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* bytes;
  } catch (error) {
    tell(error);
  }
}

/** In a pod's status there is no code to tell by whether waiting helps; whoever reads it goes by the words. */
function tell(error: unknown): never {
  if (!(error instanceof ProblemError)) throw error;
  const { code, message } = error.problem;
  const hope = passing.has(code) ? "; this may be temporary" : "";
  // The status and the record put it into a sentence of their own.
  throw new Error(`${message.replace(/\.$/, "")}${hope}`, { cause: error });
}
