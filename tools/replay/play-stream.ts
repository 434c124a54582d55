import type { Bindings } from "./bindings.ts";
import { compare, type Disagreement } from "./compare.ts";
import { followWorld, type Seen } from "./histories.ts";
import { judgeEvents, judgeObjects } from "./judge-stream.ts";
import { filled } from "./play-step.ts";
import { RecordedNode } from "./recorded-node.ts";
import { send } from "./send.ts";
import { nameIn, textIn } from "./state.ts";
import type { StreamEntry } from "./trace.ts";
import type { World } from "./world.ts";

/** What of a stream was judged. */
export interface Part {
  readonly title: string;
  readonly found: readonly Disagreement[];
}

/**
 * Plays what was done in a stream, at its moments, while pods fare as those of the recording; judges each answer, and
 * then what the controllers made of it: conditions in their order, sizes, final states and events.
 */
export async function playStream(
  world: World,
  bindings: Bindings,
  entries: readonly StreamEntry[],
  playBefore: (index: number) => Promise<void>,
): Promise<readonly Part[]> {
  const seen = followWorld(world);
  const node = new RecordedNode(world, bindings);
  const parts: Part[] = [];
  for (const [index, entry] of entries.entries()) {
    await playBefore(index);
    await passTo(world, entry.ms);
    await node.endGone();
    if (entry.request) parts.push(await playAction(world, bindings, entry));
    if (entry.type === "ADDED") await meet(world, bindings, entry, seen);
    if (entry.watch === "pods") await node.play(entry);
    if (entry.watch === "events") await node.tell(entry);
  }
  const end = entries.at(-1)?.ms ?? 0;
  for (const ms of [0, 100, 1000]) {
    await passTo(world, end + ms);
    await node.endGone();
  }
  return [...parts, ...judgeObjects(bindings, entries, seen), ...judgeEvents(bindings, entries, seen)];
}

async function passTo({ gate, clock, startMs }: World, ms: number): Promise<void> {
  await gate.open(() => clock.advance(Math.max(0, startMs + ms - clock.now())));
}

async function playAction(world: World, bindings: Bindings, entry: StreamEntry): Promise<Part> {
  const { action = "", request, status, response } = entry;
  const title = `did: ${action}`;
  if (!request) return { title, found: [] };
  const got = await send(world, filled(world, bindings, request));
  const answered = compare(status, got.status, bindings, "status");
  if (response === undefined) return { title, found: answered };
  const recorded = withoutStatus(response);
  return { title, found: [...answered, ...compare(recorded, withoutStatus(JSON.parse(got.text)), bindings, "body")] };
}

/** How far the controllers had come when an answer was given is chance; what they came to is judged at the end. */
function withoutStatus(body: unknown): unknown {
  if (typeof body !== "object" || body === null || !("spec" in body)) return body;
  const { status: _, metadata, ...rest } = body as Record<string, unknown>;
  const { managedFields: __, annotations: ___, ...named } = metadata as Record<string, unknown>;
  return { ...rest, metadata: named };
}

/** Learns which live object a recorded one is: the oldest whose name fits and that nothing else is. */
async function meet(world: World, bindings: Bindings, entry: StreamEntry, seen: Seen): Promise<void> {
  const { watch = "", object } = entry;
  if (!object) return;
  for (let attempt = 0; attempt < 5; attempt += 1) {
    for (const live of seen.objects(watch)) {
      const tried = bindings.fork();
      if (!tried.match(nameIn(object), nameIn(live)) || !tried.match(textIn(object, "uid"), textIn(live, "uid")))
        continue;
      bindings.take(tried);
      return;
    }
    await passTo(world, entry.ms);
  }
}
