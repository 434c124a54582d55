import type { Bindings } from "./bindings.ts";
import { compare } from "./compare.ts";
import type { Seen } from "./histories.ts";
import type { Part } from "./play-stream.ts";
import { isRecord, conditionsOf, patched, type State } from "./state.ts";
import type { StreamEntry } from "./trace.ts";

/** What happens on a node is played, not judged. */
const ofNode = new Set(["kubelet", "default-scheduler"]);

/** Judges the objects that controllers wrote: the course of their conditions and sizes, and how they ended. */
export function judgeObjects(bindings: Bindings, entries: readonly StreamEntry[], seen: Seen): readonly Part[] {
  return [...recorded(entries)].flatMap(([key, { watch, name, states, isDeleted }]) => {
    const own = bindings.fill(name, { startMs: 0, revision: 0 });
    const live = seen.history(watch, own);
    const courses = compare(courseOf(states), courseOf(live), bindings, "course");
    const end = isDeleted
      ? compare("deleted", seen.isDeleted(watch, own) ? "deleted" : "there", bindings)
      : compare(plain(states.at(-1)), plain(live.at(-1)), bindings);
    return [
      { title: `${key} course`, found: courses },
      { title: `${key} end`, found: end },
    ];
  });
}

/** One recorded object through its stream. */
interface Recorded {
  readonly watch: string;
  readonly name: string;
  readonly states: State[];
  isDeleted: boolean;
}

function recorded(entries: readonly StreamEntry[]): ReadonlyMap<string, Recorded> {
  const all = new Map<string, Recorded>();
  for (const { watch, type, name, object, mergePatch } of entries) {
    if (watch === undefined || name === undefined || watch === "pods" || watch === "events") continue;
    const key = `${watch}/${name}`;
    const known = all.get(key);
    if (object) all.set(key, { watch, name, states: [object], isDeleted: false });
    else if (known && mergePatch) known.states.push(patched(known.states.at(-1) ?? {}, mergePatch));
    if (known && type === "DELETED") known.isDeleted = true;
  }
  return all;
}

/** The course of each condition and of the size, each step once. */
function courseOf(states: readonly State[]): State {
  const types = new Set(states.flatMap((state) => conditionsOf(state).map(({ type }) => type)));
  const conditions = [...types].map((type) => {
    const course = states.flatMap((state) => conditionsOf(state).filter((condition) => condition.type === type));
    return [type, withoutRepeats(course.map(({ status, reason, message }) => [status, reason, message]))];
  });
  const sizes = states.map(({ spec }) => (isRecord(spec) ? spec["replicas"] : undefined));
  return { ...Object.fromEntries(conditions), replicas: withoutRepeats(sizes) };
}

function withoutRepeats(values: readonly unknown[]): readonly unknown[] {
  return values.filter((value, index) => index === 0 || JSON.stringify(value) !== JSON.stringify(values[index - 1]));
}

function plain(state: State | undefined): unknown {
  if (!state || !isRecord(state["metadata"])) return undefined;
  const { managedFields: _, generation: __, resourceVersion: ___, ...metadata } = state["metadata"];
  // A stream tells which conditions changed, not where they stand.
  const status = isRecord(state["status"]) ? state["status"] : {};
  const conditions = conditionsOf(state).toSorted((a, b) => (a.type < b.type ? -1 : 1));
  const ordered = conditions.length > 0 ? { ...status, conditions } : status;
  return { ...state, metadata, ...("status" in state && { status: ordered }) };
}

/** Judges the events of controllers: for each object what was said in which order. */
export function judgeEvents(bindings: Bindings, entries: readonly StreamEntry[], seen: Seen): readonly Part[] {
  const told = new Map<string, unknown[]>();
  for (const { type, about, event } of entries) {
    if (type !== "ADDED" || about === undefined || !event || ofNode.has(String(event["reportingComponent"]))) continue;
    const line = { type: event["type"], reason: event["reason"], message: unnamed(String(event["message"])) };
    told.set(about, [...(told.get(about) ?? []), line]);
  }
  const live = seen.objects("events").filter((event) => !ofNode.has(String(event["reportingComponent"])));
  return [...told].map(([about, expected]) => {
    const got = live
      .filter(({ involvedObject: object }) => {
        if (!isRecord(object)) return false;
        return bindings.fork().match(about, `${String(object["kind"])}/${String(object["name"])}`);
      })
      .map(({ type, reason, message }) => ({ type, reason, message }));
    return { title: `events about ${about}`, found: compare(expected, got, bindings.fork(), "events") };
  });
}

/** Which of several equal pods it was is chance. */
function unnamed(message: string): string {
  return message.replaceAll(/<rand:\d+>/g, "<rand>");
}
