/** A blob or manifest as a registry holds it. `pushedBytes` is 0 when it was there already. */
export interface StoredBlob {
  readonly digest: string;
  readonly size: number;
  readonly pushedBytes: number;
}

/** What names content: its digest and its size in bytes. */
export interface Measured {
  readonly digest: string;
  readonly size: number;
}

/** Opens bytes, the same each time: once to measure them, and again for each try to send them. */
export type Content = () => AsyncIterable<Uint8Array>;

/** A manifest that says of another that it belongs to it: an SBOM, provenance, a signature. */
export interface Referrer extends Measured {
  readonly mediaType: string;
  readonly artifactType: string;
}

/** How far a blob is on its way; `sent` of `size` bytes. */
export interface PushProgress extends Measured {
  readonly repository: string;
  readonly sent: number;
}

/**
 * Where images live. Content is addressed by digest (`sha256:…`) and never changes; a tag is given once and never moved.
 * `repository` is an image's name with its registry and without a tag, as a manifest writes it: `plumbline.local/backend`.
 * Methods reject with `ProblemError`.
 */
export interface Registry {
  /** The registry as it may be shown: without credentials. */
  readonly location: string;
  hasBlob(repository: string, digest: string): Promise<boolean>;
  hasManifest(repository: string, digest: string): Promise<boolean>;
  /** The bytes of a blob as they come; they end by rejecting with `blob-missing` or `blob-damaged`. */
  readBlob(repository: string, digest: string): AsyncIterable<Uint8Array>;
  /** A whole manifest, its digest verified; rejects with `blob-missing` or `blob-damaged`. */
  readManifest(repository: string, digest: string): Promise<Buffer>;
  /**
   * Stores what the content yields under its digest; content that is there already is not written again. `known` spares
   * measuring it first.
   */
  putBlob(repository: string, content: Content, known?: Measured): Promise<StoredBlob>;
  /** True when the repository has a blob, or has it now from another repository of the same registry, without its bytes. */
  mount(repository: string, digest: string, from: string): Promise<boolean>;
  /** The digest that a tag names; undefined when there is no such tag. */
  resolve(repository: string, tag: string): Promise<string | undefined>;
  /**
   * Stores a manifest, whose blobs are there, and tags it where a tag is given; rejects with `tag-taken` when that names
   * another digest. One that names a `subject` is among that manifest's referrers from then on.
   */
  putManifest(repository: string, tag: string | undefined, manifest: Buffer, mediaType: string): Promise<StoredBlob>;
  /** What refers to a manifest, by digest. */
  referrers(repository: string, digest: string): Promise<readonly Referrer[]>;
}
