import type { KubeResource, WatchTarget } from "./kube.ts";

/** The URL path of a kind's collection, or of one object of it. */
export function pathOf(resource: KubeResource, namespace: string | undefined, name?: string): string {
  const root = groupVersionPath(resource.group, resource.version);
  const scope = resource.namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : "";
  return `${root}${scope}/${resource.resource}${name === undefined ? "" : `/${encodeURIComponent(name)}`}`;
}

/** Where discovery of one group-version is, and below which its kinds are. */
export function groupVersionPath(group: string, version: string): string {
  return group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
}

/** `?a=b&c=d` of the members that are not undefined; empty when none is left. */
export function query(members: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(members).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return given.length === 0 ? "" : `?${new URLSearchParams(given).toString()}`;
}

/** The path of a list or watch with its selector and further members of the query. */
export function targetPath(target: WatchTarget, members: Readonly<Record<string, string | undefined>>): string {
  return pathOf(target.resource, target.namespace) + query({ labelSelector: target.labelSelector, ...members });
}
