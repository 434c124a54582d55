/** An image reference taken apart. At least one of tag and digest is there. */
export interface ImageReference {
  /** Registry and repository, as written. */
  readonly name: string;
  readonly tag: string | undefined;
  /** `sha256:` and 64 hex digits. */
  readonly digest: string | undefined;
}

const component = String.raw`[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*`;
const form = new RegExp(
  String.raw`^((?:localhost|[\w-]+[.:][\w.:-]*)/)?(${component}(?:/${component})*)(?::(\w[\w.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$`,
);

/** Takes `[host[:port]/]path[:tag][@digest]` apart; returns why not as a string, in the words of the kubelet. */
export function parseImageReference(text: string): ImageReference | string {
  const [, host = "", path = "", tag, digest] = form.exec(text) ?? [];
  if (path !== "") return { name: host + path, tag: tag ?? (digest ? undefined : "latest"), digest };
  const [, lowerHost = "", lowerPath = ""] = form.exec(text.toLowerCase()) ?? [];
  const written = text.slice(lowerHost.length, lowerHost.length + lowerPath.length);
  const repository = lowerHost || written.includes("/") ? written : `library/${written}`;
  const why = written === "" ? "" : `: repository name (${repository}) must be lowercase`;
  return `Failed to apply default image tag "${text}": couldn't parse image name "${text}": invalid reference format${why}`;
}
