/** A blob as a registry holds it. `pushedBytes` is 0 when it was there already. */
export interface StoredBlob {
  readonly digest: string;
  readonly size: number;
  readonly pushedBytes: number;
}

/**
 * Where images live. Content is addressed by digest (`sha256:…`) and never changes; a tag is given once and never moved.
 * `repository` is an image's name with its registry and without a tag, as a manifest writes it: `plumbline.local/backend`.
 * Methods reject with `ProblemError`.
 */
export interface Registry {
  /** The registry as it may be shown: without credentials. */
  readonly location: string;
  has(repository: string, digest: string): Promise<boolean>;
  /** A whole blob or manifest, its digest verified; rejects with `blob-missing` or `blob-damaged`. */
  read(repository: string, digest: string): Promise<Buffer>;
  /** Stores what the content yields under its digest; content that is there already is not written again. */
  putBlob(repository: string, content: AsyncIterable<Uint8Array>): Promise<StoredBlob>;
  /** The digest that a tag names; undefined when there is no such tag. */
  resolve(repository: string, tag: string): Promise<string | undefined>;
  /** Stores a manifest and tags it; rejects with `tag-taken` when the tag names another digest. */
  putManifest(repository: string, tag: string, manifest: Buffer, mediaType: string): Promise<StoredBlob>;
}
