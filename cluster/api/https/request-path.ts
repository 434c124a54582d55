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
  /** What follows a proxy subresource, with its leading slash. */
  readonly rest: string;
  /** True for the old /watch/ form. */
  readonly watch: boolean;
}

/** Reads /api/v1/… and /apis/group/version/…; undefined for any other path, and for the roots of groups. */
export function resourcePath(pathname: string): ResourcePath | undefined {
  const raw = pathname.split("/").slice(1);
  const parts = raw.map(decoded);
  const root = parts[0] === "api" ? { group: "", version: parts[1] ?? "", at: 2 } : groupRoot(parts);
  if (!root) return undefined;
  let { at } = root;
  const watch = parts[at] === "watch";
  if (watch) at += 1;
  const namespaced = parts[at] === "namespaces" && isBelowNamespace(parts, at);
  const namespace = namespaced ? (parts[at + 1] ?? "") : "";
  if (namespaced) at += 2;
  const [resource = "", name = "", subresource = ""] = parts.slice(at);
  if (resource === "") return undefined;
  const rest = raw.length > at + 3 ? `/${raw.slice(at + 3).join("/")}` : "";
  return { group: root.group, version: root.version, resource, namespace, name, subresource, rest, watch };
}

function groupRoot(parts: readonly string[]): { group: string; version: string; at: number } | undefined {
  if (parts[0] !== "apis" || !parts[1]) return undefined;
  return { group: parts[1], version: parts[2] ?? "", at: 3 };
}

/** /namespaces/n/status and /finalize are of the namespace itself; anything else below it is in it. */
function isBelowNamespace(parts: readonly string[], at: number): boolean {
  const below = parts[at + 2];
  return below !== undefined && below !== "" && below !== "status" && below !== "finalize";
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
