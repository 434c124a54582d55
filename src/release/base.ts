import type { HostProgram } from "../io/files/host-runtime.ts";
import type { Registry } from "../io/registry/registry.ts";
import { ProblemError } from "../model/problem.ts";
import { hostBase, type HostBaseDoors } from "./host-base.ts";
import type { Base } from "./image.ts";
import { imageBases } from "./image-base.ts";
import { parseReference } from "../pins/reference.ts";

interface BaseDoors extends HostBaseDoors {
  /** The registry on the network that an image's name begins with. */
  readonly openOther: (repository: string) => Registry;
}

/**
 * What release.yaml's `base` names, one a platform: `node` (or `host`) is the Node of this machine, `node+git` its git as
 * well, `node+git+ssh` also ssh and ssh-keygen; `name@sha256:…` is an image, of this registry or of any other. `repository`
 * is where the new image goes.
 */
export async function resolveBase(doors: BaseDoors, base: string, repository: string): Promise<readonly Base[]> {
  const programs = hostBases[base];
  if (programs) return [await hostBase(doors, repository, programs)];
  const { name, digest } = parseReference(base) ?? {};
  if (name !== undefined && digest !== undefined) {
    const { registry } = doors;
    // A folder of images may hold the base as well; its names are no addresses.
    const isHere = await registry.hasManifest(name, digest);
    return imageBases({ registry: isHere ? registry : doors.openOther(name), repository: name }, digest);
  }
  throw new ProblemError({
    code: "base-unpinned",
    message: `The base "${base}" does not say which image it is: a tag can be moved, a digest cannot.`,
    where: { file: "release.yaml" },
    remedy:
      "Write node (or node+git, node+git+ssh) for this machine's own, or name@sha256:… for an image of a registry.",
  });
}

const hostBases: { readonly [base: string]: readonly HostProgram[] } = {
  node: ["node"],
  host: ["node"],
  "node+git": ["node", "git"],
  "node+git+ssh": ["node", "git", "ssh"],
};

/**
 * Brings a base's layers into a repository: mounted where its registry can, streamed where not. Resolves with the bytes that
 * had to be sent.
 */
export async function placeBase(registry: Registry, repository: string, { layers, origin }: Base): Promise<number> {
  const sent = await Promise.all(
    layers.map(async ({ digest, size }) => {
      if (await registry.mount(repository, digest, origin.repository)) return 0;
      const content = (): AsyncIterable<Uint8Array> => origin.registry.readBlob(origin.repository, digest);
      return (await registry.putBlob(repository, content, { digest, size })).pushedBytes;
    }),
  );
  return sent.reduce((sum, bytes) => sum + bytes, 0);
}
