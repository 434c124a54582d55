/** What a path of the API names. */
export interface ResourcePath {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  /** "" where the path names none. */
  readonly namespace: string;
  /** "" for a whole collection. */
  readonly name: string;
  readonly subresource: string;
  /** What follows a subresource, decoded, with its leading slash. */
  readonly rest: string;
  /** True for the old /watch/ form. */
  readonly watch: boolean;
}

/** Reads /api/v1/… and /apis/group/version/…; undefined for any other path, and for the roots of groups. */
export function resourcePath(pathname: string): ResourcePath | undefined {
  const [, root, ...parts] = pathname.split("/").map(decoded);
  if (root !== "api" && root !== "apis") return undefined;
  const group = root === "api" ? "" : (parts.shift() ?? "");
  const version = parts.shift() ?? "";
  const watch = parts[0] === "watch";
  if (watch) parts.shift();
  // /namespaces/n/status and /finalize are of the namespace itself; anything else below it is in it.
  const below = parts[0] === "namespaces" ? (parts[2] ?? "") : "";
  const [, namespace = ""] = ["", "status", "finalize"].includes(below) ? [] : parts.splice(0, 2);
  const [resource = "", name = "", subresource = "", ...rest] = parts;
  if (resource === "") return undefined;
  return {
    group,
    version,
    resource,
    namespace,
    name,
    subresource,
    rest: rest.map((part) => `/${part}`).join(""),
    watch,
  };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
