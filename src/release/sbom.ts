import { z } from "zod";
import { parseReference } from "../pins/reference.ts";
import type { SourceRepository } from "./source-repository.ts";
import type { ImageParts } from "./image.ts";

/** One package that an image's source locks. */
export interface LockedPackage {
  readonly name: string;
  readonly version: string;
  readonly license: string | undefined;
  /** `sha512-…`, as npm writes it. */
  readonly integrity: string | undefined;
}

/** The media type of an SBOM, and its artifact type. */
export const sbomType = "application/vnd.cyclonedx+json";

const lockSchema = z.object({
  packages: z.record(
    z.string(),
    z.object({
      version: z.string().optional(),
      name: z.string().optional(),
      license: z.string().optional().catch(undefined),
      integrity: z.string().optional(),
      dev: z.boolean().optional(),
      link: z.boolean().optional(),
    }),
  ),
});

/** What every package-lock.json of a tree locks for production, each once, in the order of names and versions. */
export async function lockedPackages(repository: SourceRepository, tree: string): Promise<readonly LockedPackage[]> {
  const locks = (await repository.list(tree)).filter(
    ({ path, mode }) => mode.startsWith("100") && /^(?!.*node_modules\/)(.*\/)?package-lock\.json$/.test(path),
  );
  const contents = await repository.blobs(locks.map(({ id }) => id));
  const found = new Map(contents.flatMap(packagesOf).map((each) => [`${each.name}@${each.version}`, each]));
  return [...found].toSorted(([left], [right]) => (left < right ? -1 : 1)).map(([, each]) => each);
}

function packagesOf(content: Buffer): readonly LockedPackage[] {
  const parsed = lockSchema.safeParse(json(content));
  // A lock of another form locks nothing that we could name.
  if (!parsed.success) return [];
  return Object.entries(parsed.data.packages).flatMap(([path, { name, version, license, integrity, dev, link }]) => {
    const at = path.lastIndexOf("node_modules/");
    if (at < 0 || version === undefined || dev === true || link === true) return [];
    return [{ name: name ?? path.slice(at + "node_modules/".length), version, license, integrity }];
  });
}

/** What is in an image, as CycloneDX: its base and the packages it locks. The same image has the same one, byte for byte. */
export function sbomOf(
  image: Omit<ImageParts, "base">,
  bases: readonly string[],
  packages: readonly LockedPackage[],
): Buffer {
  return Buffer.from(
    JSON.stringify({
      bomFormat: "CycloneDX",
      specVersion: "1.5",
      version: 1,
      metadata: {
        timestamp: image.built,
        tools: { components: [{ type: "application", name: "plumbline" }] },
        component: {
          type: "container",
          "bom-ref": image.name,
          name: image.name,
          version: image.version,
          properties: [{ name: "plumbline:commit", value: image.commit }],
          ...(image.source === undefined ? {} : { externalReferences: [{ type: "vcs", url: image.source }] }),
        },
      },
      components: [...bases.map(baseComponent), ...packages.map(packageComponent)],
      dependencies: [{ ref: image.name, dependsOn: [...bases, ...packages.map(purlOf)] }],
    }),
  );
}

function baseComponent(base: string): object {
  const digest = parseReference(base)?.digest;
  const hashes = digest === undefined ? {} : { hashes: [{ alg: "SHA-256", content: digest.slice("sha256:".length) }] };
  return { type: "container", "bom-ref": base, name: base, ...hashes };
}

function packageComponent(locked: LockedPackage): object {
  const { name, version, license, integrity } = locked;
  const sha512 = /^sha512-([A-Za-z0-9+/=]+)$/.exec(integrity ?? "")?.[1];
  return {
    type: "library",
    "bom-ref": purlOf(locked),
    name,
    version,
    ...(sha512 === undefined
      ? {}
      : { hashes: [{ alg: "SHA-512", content: Buffer.from(sha512, "base64").toString("hex") }] }),
    // Any text may stand there, and only some of it are expressions by SPDX.
    ...(license === undefined ? {} : { licenses: [{ license: { name: license } }] }),
    purl: purlOf(locked),
  };
}

function purlOf({ name, version }: LockedPackage): string {
  return `pkg:npm/${name.replace(/^@/, "%40")}@${encodeURIComponent(version)}`;
}

function json(content: Buffer): unknown {
  try {
    return JSON.parse(content.toString("utf8"));
  } catch {
    return undefined;
  }
}
