import type { Readable } from "node:stream";
import type { ImageReference } from "./image-reference.ts";

/** What an OCI manifest or index says of a blob. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: { readonly os?: string; readonly architecture?: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Where images come from: an OCI layout folder, or a registry. */
export interface ImageSource {
  /** The descriptor of the manifest or index that the reference names; undefined when there is none. */
  resolve(reference: ImageReference): Promise<Descriptor | undefined>;
  /** A blob's bytes as stored; its digest is for the caller to verify. Rejects when there is none. */
  blob(digest: string, name: string): Promise<Readable>;
}
