import { isDeepStrictEqual } from "node:util";
import { isRecord, type State } from "./state.ts";
import type { Step } from "./trace.ts";

/**
 * A step with the body that was applied, where the recorder went on to change the one that it wrote down: then a later
 * apply of the same manager has the same body, though the manager owned other fields after it. The answer tells what was
 * applied: the fields that the manager owns, with their values.
 */
export function withOwnBody(step: Step, steps: readonly Step[], index: number): Step {
  const { request, response } = step;
  const owned = ownedBy(step);
  const later = steps.slice(index + 1).find((other) => other.request.path === request.path && ownedBy(other));
  if (!owned || !later || !isRecord(response.body) || !isDeepStrictEqual(later.request.body, request.body)) return step;
  if (isDeepStrictEqual(ownedBy(later), owned) || !isRecord(request.body)) return step;
  const { apiVersion, kind, metadata } = request.body;
  const applied = extract(owned, response.body) as State;
  const name = isRecord(metadata) ? { name: metadata["name"], namespace: metadata["namespace"] } : {};
  const named = { ...name, ...(isRecord(applied["metadata"]) && applied["metadata"]) };
  return { ...step, request: { ...request, body: { apiVersion, kind, ...applied, metadata: named } } };
}

/** What the manager of an apply owned after it. */
function ownedBy({ request, response }: Step): State | undefined {
  const metadata = isRecord(response.body) ? response.body["metadata"] : undefined;
  const entries = isRecord(metadata) ? metadata["managedFields"] : undefined;
  if (request.method !== "PATCH" || response.status >= 300 || !Array.isArray(entries)) return undefined;
  const manager = new URLSearchParams(request.path.split("?")[1]).get("fieldManager");
  const own = entries.filter(isRecord).find((entry) => entry["operation"] === "Apply" && entry["manager"] === manager);
  return isRecord(own?.["fieldsV1"]) ? own["fieldsV1"] : undefined;
}

/** The value of what a field set names; what is owned but not there is an empty list. */
function extract(fields: State, value: unknown): unknown {
  const keys = Object.keys(fields).filter((key) => key !== ".");
  if (keys.length === 0) return value ?? [];
  if (keys.every((key) => key.startsWith("f:"))) {
    const inside = isRecord(value) ? value : {};
    return Object.fromEntries(keys.map((key) => [key.slice(2), extract(fields[key] as State, inside[key.slice(2)])]));
  }
  const items = Array.isArray(value) ? value : [];
  return items.flatMap((item) => {
    const key = keys.find((each) => isNamed(item, each));
    return key === undefined ? [] : [extract(fields[key] as State, item)];
  });
}

/** Whether an item of a list is the one that a key of a field set names. */
function isNamed(item: unknown, key: string): boolean {
  const named = JSON.parse(key.slice(2)) as unknown;
  if (!isRecord(named)) return item === named;
  return isRecord(item) && Object.entries(named).every(([name, part]) => item[name] === part);
}
