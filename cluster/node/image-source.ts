import type { ImageReference } from "./image-reference.ts";

/** Who wants an image, and for how long. */
export interface Puller {
  /** What the pod's pull secrets hold, in its order: docker configurations as JSON (`{"auths": …}`). */
  readonly logins: readonly string[];
  /** Aborts when nobody waits for the image any more. */
  readonly signal: AbortSignal;
}

/** An image that was found. Whoever reads it verifies what it reads. */
export interface FoundImage {
  /** Of its manifest, or of an index of several. */
  readonly digest: string;
  /** The name and digest that it was pulled by; undefined where it did not come from a registry. */
  readonly pulledAs?: string;
  /** The bytes of a manifest, of the image or one that its index names; they end by rejecting when there is none. */
  manifest(digest: string): AsyncIterable<Uint8Array>;
  /** The bytes of a layer or configuration, as stored; they end by rejecting when there is none. */
  blob(digest: string): AsyncIterable<Uint8Array>;
}

/**
 * Where images come from: an OCI layout folder, registries. Answers undefined when there is no such image; rejects, in words
 * for people, when that cannot be found out.
 */
export type ImageSource = (reference: ImageReference, puller: Puller) => Promise<FoundImage | undefined>;

/** Asks one source after the other until one has the image. */
export function firstOf(sources: readonly ImageSource[]): ImageSource {
  return async (reference, puller) => {
    for (const source of sources) {
      const found = await source(reference, puller);
      if (found) return found;
    }
    return undefined;
  };
}
