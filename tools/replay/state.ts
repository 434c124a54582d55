import { mergePatch } from "../../cluster/api/patch/merge-patch.ts";

/** An object or a part of it, as JSON. */
export type State = Readonly<Record<string, unknown>>;

/** A condition, of whatever kind. */
export type Condition = State & { readonly type: string };

/** A state after a recorded patch, whose conditions are only those that changed. */
export function patched(state: State, patch: State): State {
  const next = mergePatch(state, patch) as State;
  const changed = conditionsOf(patch);
  if (changed.length === 0) return next;
  const status = isRecord(next["status"]) ? next["status"] : {};
  return { ...next, status: { ...status, conditions: withConditions(conditionsOf(state), changed) } };
}

/** The conditions of an object's status. */
export function conditionsOf(state: State): readonly Condition[] {
  const status = state["status"];
  const conditions = isRecord(status) ? status["conditions"] : undefined;
  return Array.isArray(conditions) ? (conditions as Condition[]) : [];
}

/** New ones come before what stays, as a kubelet writes them; what is there already keeps its place. */
function withConditions(before: readonly Condition[], changed: readonly Condition[]): readonly Condition[] {
  const isNew = ({ type }: Condition): boolean => !before.some((other) => other.type === type);
  const kept = before.map((old) => changed.find(({ type }) => type === old.type) ?? old);
  return [...changed.filter(isNew), ...kept];
}

/** The name of an object in a state. */
export function nameIn(state: State | undefined): string {
  return textIn(state, "name");
}

/** A text of an object's metadata. */
export function textIn(state: State | undefined, key: string): string {
  const metadata = state?.["metadata"];
  const value = isRecord(metadata) ? metadata[key] : undefined;
  return typeof value === "string" ? value : "";
}

/** Whether a value is an object with keys. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
