import { isRecord } from "./compare.ts";

/**
 * A recording without what this cluster leaves out on purpose (cluster/README.md says why): pods get no volume of
 * service account tokens.
 */
export function withoutDeliberate(recorded: unknown): unknown {
  if (Array.isArray(recorded)) return recorded.filter((item) => !isTokenVolume(item)).map(withoutDeliberate);
  if (!isRecord(recorded)) return recorded;
  return Object.fromEntries(
    Object.entries(recorded)
      .filter(([key, value]) => !(tokenLists.has(key) && isAllTokens(value)))
      .map(([key, value]) => [key, withoutDeliberate(value)]),
  );
}

const tokenLists = new Set(["volumes", "volumeMounts"]);

function isAllTokens(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every(isTokenVolume);
}

function isTokenVolume(item: unknown): boolean {
  return isRecord(item) && typeof item["name"] === "string" && item["name"].startsWith("kube-api-access-");
}
