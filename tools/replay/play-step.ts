import type { Bindings } from "./bindings.ts";
import { compare, type Disagreement, isRecord } from "./compare.ts";
import { withoutDeliberate } from "./deliberate.ts";
import { type Got, open, send, type Sent } from "./send.ts";
import type { RecordedRequest, Step } from "./trace.ts";
import { aMoment, rest, waitUntil, type World } from "./world.ts";

/** The headers of an answer that count. */
const judgedHeaders = ["content-type", "warning", "retry-after", "location", "allow"];

/** What a container says is in no object: only asking again shows whether it has said it by now. */
const ofContainers = /^[^?]*\/(log|proxy)\b/;

/** For how long of real time it is asked again. */
const sayingMs = 500;

/** Plays one exchange; reads are repeated while time passes until they are as recorded or nothing changes any more. */
export async function playStep(world: World, bindings: Bindings, step: Step): Promise<readonly Disagreement[]> {
  const { request } = step;
  const sent = filled(world, bindings, request);
  let found: readonly Disagreement[] = [];
  let tried = bindings;
  const attempt = async (): Promise<boolean> => {
    tried = bindings.fork();
    found = judge(step, await ask(world, sent), tried);
    return found.length === 0;
  };
  if (world.runsPods && ofContainers.test(sent.path)) {
    let isSaid = await waitUntil(world, attempt, aMoment);
    for (const until = Date.now() + sayingMs; !isSaid && Date.now() < until; isSaid = await attempt()) {
      await rest(world, 20);
      await world.gate.comes(20);
    }
  } else if (request.method === "GET") {
    await waitUntil(world, attempt);
  } else {
    await catchUp(world, bindings, sent, step);
    await attempt();
  }
  bindings.take(tried);
  return found;
}

/** A request with values in the place of its placeholders. */
export function filled(world: World, bindings: Bindings, request: RecordedRequest): Sent {
  const now = { startMs: world.startMs, revision: world.api.store.revision };
  return JSON.parse(
    JSON.stringify(request, (_, value: unknown) => (typeof value === "string" ? bindings.fill(value, now) : value)),
  ) as Sent;
}

/** Sends a request; a log that is followed is left when it has nothing new to tell. */
async function ask(world: World, sent: Sent): Promise<Got> {
  const follow = new URLSearchParams(sent.path.split("?")[1]).get("follow") ?? "false";
  if (!ofContainers.test(sent.path) || follow === "false" || follow === "0") return send(world, sent);
  const coming = await open(world, sent);
  for (let before = ""; before !== coming.text() || before === "";) {
    before = coming.text();
    await world.gate.comes(20);
    if (before === "" && coming.text() === "") break;
  }
  coming.end();
  return coming.done;
}

/** Where an answer is not the recorded one. */
export function judge(
  { response, note }: Pick<Step, "response" | "note">,
  got: Got,
  bindings: Bindings,
): readonly Disagreement[] {
  const { headers = {} } = response;
  const status = compare(response.status, got.status, bindings, "status");
  const named = judgedHeaders.flatMap((name) => {
    const value = got.headers[name];
    const text = Array.isArray(value) ? value.join(", ") : value;
    return compare(headers[name], text, bindings, `headers.${name}`);
  });
  const body = compare(
    withoutDeliberate(response.body),
    bodyOf(response.body, asNoted(got.text, note)),
    bindings,
    "body",
  );
  return [...status, ...body, ...named];
}

/** What the recorder did to a text before it wrote it down. */
function asNoted(text: string, note = ""): string {
  return note.startsWith("lines sorted") ? text.trimEnd().split("\n").toSorted().join("\n") : text;
}

function bodyOf(recorded: unknown, text: string): unknown {
  if (typeof recorded === "string" || recorded === undefined) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/**
 * Before a write, the controllers come as far as the answer shows that they had come: a dry run of it, which changes
 * nothing, is repeated until its status is the recorded one.
 */
async function catchUp(world: World, bindings: Bindings, sent: Sent, { response }: Step): Promise<void> {
  const recorded = isRecord(response.body) && isRecord(response.body["status"]) ? response.body["status"] : undefined;
  // The options in the body of a deletion stand before those of the query.
  if (sent.method === "DELETE" && sent.body !== undefined) return rest(world);
  const isDry = sent.path.includes("dryRun=");
  const dry = isDry ? sent : { ...sent, path: `${sent.path}${sent.path.includes("?") ? "&" : "?"}dryRun=All` };
  await waitUntil(
    world,
    async () => {
      const got = await send(world, dry);
      if (got.status !== response.status) return false;
      if (recorded === undefined) return true;
      const body = bodyOf({}, got.text);
      return isRecord(body) && compare(recorded, body["status"], bindings.fork()).length === 0;
    },
    aMoment,
  );
}
