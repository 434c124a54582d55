/** One built image of a release: where it was pushed, by which tags, and what it is. */
export interface ReleasedImage {
  /** The name in release.yaml. */
  readonly name: string;
  /** Registry and path without tag: `registry.example.com/team/backend`. */
  readonly repository: string;
  readonly tag: string;
  /** `sha256:…` of the image manifest. */
  readonly digest: string;
  /** Bytes that were not in the registry before. */
  readonly pushedBytes: number;
}

/** What `plumb release` did: from a commit to images and one commit in the deployment repository. */
export interface Release {
  /** The source commit. */
  readonly commit: string;
  readonly version: string;
  readonly images: readonly ReleasedImage[];
  readonly deployment: {
    readonly path: string;
    /** The commit that pins the images; absent when nothing had to change. */
    readonly commit?: string;
    /** `file:line` of each pinned text. */
    readonly pinned: readonly string[];
  };
}
