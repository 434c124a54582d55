import type { Subject } from "./attach.ts";
import type { ImageParts } from "./image.ts";
import { parseReference } from "../pins/reference.ts";
import type { ImageRecipe } from "./release-file.ts";

/** The media type of provenance, and its artifact type. */
export const provenanceType = "application/vnd.in-toto+json";
/** What the statement says, by the names of in-toto and SLSA. */
export const provenancePredicate = "https://slsa.dev/provenance/v1";

/**
 * How an image came to be: an in-toto statement with SLSA's predicate. It holds what decides about the image and nothing of
 * the machine or the hour that built it, so the same image has the same one, byte for byte. It is not signed by itself.
 */
export function provenanceOf(
  repository: string,
  subject: Subject,
  parts: Omit<ImageParts, "base">,
  recipe: ImageRecipe,
  bases: readonly string[],
): Buffer {
  const { context, build, include, entrypoint, base } = recipe;
  const dependencies = bases.map((name) => {
    const digest = parseReference(name)?.digest;
    return digest === undefined ? { name } : { uri: `oci:${name}`, digest: { sha256: digest.slice("sha256:".length) } };
  });
  return Buffer.from(
    JSON.stringify({
      _type: "https://in-toto.io/Statement/v1",
      subject: [{ name: repository, digest: { sha256: subject.digest.slice("sha256:".length) } }],
      predicateType: provenancePredicate,
      predicate: {
        buildDefinition: {
          buildType: "https://plumbline.dev/release/v1",
          externalParameters: {
            source: parts.source ?? null,
            commit: parts.commit,
            version: parts.version,
            image: { name: parts.name, context, build: build ?? null, include: include ?? null, entrypoint, base },
          },
          resolvedDependencies: [
            {
              ...(parts.source === undefined ? { name: "source" } : { uri: `git+${parts.source}` }),
              digest: { gitCommit: parts.commit },
            },
            ...dependencies,
          ],
        },
        runDetails: { builder: { id: "https://plumbline.dev/release" } },
      },
    }),
  );
}
