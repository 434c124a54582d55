import type { ApiServer } from "../../cluster/api/server.ts";
import type { Disagreement } from "./compare.ts";
import { type Difference, differences } from "./differences.ts";

/** The disagreements, each with the reason of its difference where it is one that is meant. */
export function withReasons(found: readonly Disagreement[], request: string, api: ApiServer): readonly Disagreement[] {
  return found.map((disagreement) => {
    const meant = differences.find((difference) => isMeant(difference, disagreement, request, api));
    return meant ? { ...disagreement, reason: meant.title } : disagreement;
  });
}

/** What nobody meant. */
export function unexplained(found: readonly Disagreement[]): readonly Disagreement[] {
  return found.filter(({ reason }) => reason === undefined);
}

function isMeant(difference: Difference, found: Disagreement, request: string, api: ApiServer): boolean {
  return (
    difference.path.test(found.path) &&
    (difference.request?.test(request) ?? true) &&
    (difference.expected?.test(json(found.expected)) ?? true) &&
    (difference.got?.test(json(found.got)) ?? true) &&
    (!difference.isUnserved || isUnserved(found.path, api))
  );
}

function json(value: unknown): string {
  return value === undefined ? "undefined" : JSON.stringify(value);
}

/** Where discovery documents name a resource, a subresource, a group, a version of one, or a path. */
const named = [
  /\bresources\[(?<name>[^\]]+)\](\.subresources\[(?<part>[^\]]+)\])?$/,
  /\b(groups|items)\[(?<name>[^\]]+)\](\.versions\[(?<part>[^\]]+)\])?$/,
  /^body\.paths[[.]\/?(apis\/)?(?<name>[^\]]+?)\/?\]?$/,
];

function isUnserved(path: string, api: ApiServer): boolean {
  const { name, part } = named.map((pattern) => pattern.exec(path)?.groups).find((groups) => groups) ?? {};
  if (name === undefined) return false;
  const rows = api.table.all();
  const served = [
    ...rows.flatMap(({ resource, subresources }) => [resource, ...subresources.map((each) => `${resource}/${each}`)]),
    ...rows.flatMap(({ group, version }) => [group, `${group}/${version}`]),
  ];
  return !served.includes(part === undefined ? name : `${name}/${part}`);
}
