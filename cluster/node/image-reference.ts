/** An image reference taken apart. At least one of tag and digest is there. */
export interface ImageReference {
  /** Registry and repository, as written. */
  readonly name: string;
  readonly tag: string | undefined;
  /** `sha256:` and 64 hex digits. */
  readonly digest: string | undefined;
}

/** Takes `[host[:port]/]path[:tag][@digest]` apart; returns why not as a string, in the words of the kubelet. */
export function parseImageReference(text: string): ImageReference | string {
  const refuse = (why: string) =>
    `Failed to apply default image tag "${text}": couldn't parse image name "${text}": invalid reference format${why}`;
  const [rest = "", digest, ...more] = text.split("@");
  if (more.length > 0 || (digest !== undefined && !/^sha256:[0-9a-f]{64}$/.test(digest))) return refuse("");
  const colon = rest.lastIndexOf(":");
  const tagged = colon > rest.lastIndexOf("/");
  const name = tagged ? rest.slice(0, colon) : rest;
  const tag = tagged ? rest.slice(colon + 1) : undefined;
  if (tag !== undefined && !/^\w[\w.-]{0,127}$/.test(tag)) return refuse("");
  const slash = name.indexOf("/");
  const host = slash < 0 ? "" : name.slice(0, slash);
  const hasHost = host === "localhost" || /[.:]/.test(host);
  const path = hasHost ? name.slice(slash + 1) : name;
  if (hasHost && !/^[\w.-]+(:\d+)?$/.test(host)) return refuse("");
  if (/[A-Z]/.test(path) && /^[\w./-]+$/.test(path)) {
    return refuse(`: repository name (${path.includes("/") || hasHost ? path : `library/${path}`}) must be lowercase`);
  }
  if (!/^[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*)*$/.test(path))
    return refuse("");
  return { name, tag: tag ?? (digest === undefined ? "latest" : undefined), digest };
}
