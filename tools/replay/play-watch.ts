import type { Bindings } from "./bindings.ts";
import { compare, type Disagreement } from "./compare.ts";
import { filled, judge } from "./play-step.ts";
import { type Coming, open, send } from "./send.ts";
import { withReasons } from "./reasons.ts";
import type { Step } from "./trace.ts";
import { rest, type World } from "./world.ts";
import { isRecord } from "./state.ts";

/** One line of a watch as recorded. */
type Line = Readonly<Record<string, unknown>> & { readonly ms: number };

/** A later event than this was caused while the watch ran. */
const initialMs = 100;

/** The lines of a recorded watch; undefined for any other answer. */
export function watchLines({ response }: Pick<Step, "response">): readonly Line[] | undefined {
  const { body } = response;
  return isRecord(body) && Array.isArray(body["watch"]) && "endedBy" in body ? (body["watch"] as Line[]) : undefined;
}

/**
 * Plays a watch. The requests that caused its events were not recorded: what has not happened by itself is done as the
 * event tells. A watch that began before what it shows first is asked from the revision before.
 */
export async function playWatch(world: World, bindings: Bindings, step: Step): Promise<readonly Disagreement[]> {
  const lines = watchLines(step) ?? [];
  await rest(world);
  const sent = filled(world, bindings, step.request);
  const since = beganBefore(world, bindings, sent.path, lines);
  const path = since === undefined ? sent.path : `${sent.path}&resourceVersion=${since}`;
  const coming = await open(world, { ...sent, path });
  let told = bindings.fork();
  for (const [index, line] of lines.entries()) {
    if (await hasCome(coming, index)) continue;
    await rest(world);
    if (line.ms < initialMs || (await hasCome(coming, index))) continue;
    told = bindings.fork();
    compareLines(lines.slice(0, index), coming.text(), told);
    await cause(world, told, path, line);
  }
  await hasCome(coming, lines.length - 1);
  const timeout = Number(new URLSearchParams(sent.path.split("?")[1]).get("timeoutSeconds") ?? 0);
  if (isRecord(step.response.body) && step.response.body["endedBy"] === "client") coming.end();
  else await world.clock.advance(Math.max(timeout, 0) * 1000);
  const got = await Promise.race([coming.done, late(coming)]);
  const { headers = {}, status } = step.response;
  const head = judge(world, { ...step, response: { headers, status, body: "" } }, { ...got, text: "" }, bindings);
  const found = compareLines(lines, got.text, bindings);
  return [...head, ...withReasons(found, `${sent.method} ${sent.path}`, world.api)];
}

/** A watch that a server does not end when it should is ended, and shows by what it has told. */
async function late(coming: Coming): Promise<Awaited<Coming["done"]>> {
  await new Promise((resolve) => setTimeout(resolve, 500));
  coming.end();
  return coming.done;
}

function linesOf(text: string): readonly string[] {
  return text.split("\n").filter((line) => line !== "");
}

/** Waits a moment for the line to come. */
async function hasCome(coming: Coming, index: number): Promise<boolean> {
  for (let wait = 0; wait < 10; wait += 1) {
    if (linesOf(coming.text()).length > index) return true;
    await new Promise((resolve) => setTimeout(resolve, 3));
  }
  return false;
}

function compareLines(lines: readonly Line[], text: string, bindings: Bindings): readonly Disagreement[] {
  const expected = lines.map((line) => ({ ...line, ms: undefined }));
  const got = linesOf(text).map((line, index) => asRecorded(parsed(line), expected[index]));
  return compare(expected, got, bindings, "watch");
}

/** Of some kinds the recorder kept no more than the parts of the object. */
function asRecorded(got: unknown, recorded: unknown): unknown {
  const kept = isRecord(recorded) ? recorded["object"] : undefined;
  if (!isRecord(kept) || "kind" in kept || !isRecord(got) || !isRecord(got["object"])) return got;
  const { kind: _, apiVersion: __, metadata, ...parts } = got["object"];
  return { ...got, object: { ...parts, metadata: { ...(isRecord(metadata) && metadata), managedFields: undefined } } };
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return line;
  }
}

const collectionPath = /^\/(?:api\/(v1)|apis\/([^/]+\/[^/]+))(?:\/namespaces\/[^/]+)?\/([^/?]+)/;

function beganBefore({ api }: World, bindings: Bindings, path: string, lines: readonly Line[]): number | undefined {
  const [first] = lines;
  const object = first && isRecord(first["object"]) ? first["object"] : {};
  const metadata = isRecord(object["metadata"]) ? object["metadata"] : {};
  const recorded = String(metadata["resourceVersion"]);
  const at = Number(bindings.fill(recorded, { startMs: 0, revision: Number.NaN }));
  const [, core, named, resource] = collectionPath.exec(path.replace("/watch/", "/")) ?? [];
  const row = api.table.all().find((each) => each.apiVersion === (core ?? named) && each.resource === resource);
  if (Number.isNaN(at) || !row) return undefined;
  const live = api.store.get(row.storedAs, [metadata["namespace"] ?? "", metadata["name"]].join("/"));
  return live?.metadata.resourceVersion === String(at) ? undefined : at - 1;
}

/** Does to an object what an event tells. */
async function cause(world: World, bindings: Bindings, path: string, line: Line): Promise<void> {
  const told = filled(world, bindings, { method: "", path: "", body: line["object"] }).body;
  const object = isRecord(told) && Array.isArray(told["rows"]) ? ofRow(told["rows"][0]) : told;
  if (!isRecord(object) || !isRecord(object["metadata"])) return;
  const { uid: _, resourceVersion: __, creationTimestamp: ___, managedFields: ____, ...metadata } = object["metadata"];
  const collection = path.split("?")[0]?.replace("/watch/", "/") ?? "";
  const place = `${collection}/${String(metadata["name"])}`;
  const isThere = (await send(world, { method: "GET", path: place })).status === 200;
  const headers = { "content-type": "application/json" };
  const selects = new URLSearchParams(path.split("?")[1]).has("labelSelector");
  if (line["type"] === "DELETED" && !selects) {
    await send(world, { method: "DELETE", path: place });
    return;
  }
  // What leaves a selection is still there, under other labels.
  const labels = Object.entries(isRecord(metadata["labels"]) ? metadata["labels"] : {});
  const others = { labels: Object.fromEntries(labels.map(([key, value]) => [key, `not-${String(value)}`])) };
  const body = { ...object, metadata: line["type"] === "DELETED" ? { ...metadata, ...others } : metadata };
  await send(world, { method: isThere ? "PUT" : "POST", path: isThere ? place : collection, headers, body });
}

/** An object that a row of a table could be of: the row of a ConfigMap counts its keys. */
function ofRow(row: unknown): unknown {
  if (!isRecord(row) || !isRecord(row["object"]) || !Array.isArray(row["cells"])) return undefined;
  const keys = Array.from({ length: Number(row["cells"][1]) || 0 }, (_, index) => [`key${index}`, "1"]);
  return { metadata: row["object"]["metadata"], data: Object.fromEntries(keys) as unknown };
}
