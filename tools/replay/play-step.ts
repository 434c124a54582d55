import type { Bindings } from "./bindings.ts";
import { compare, type Disagreement, isRecord } from "./compare.ts";
import { withoutDeliberate } from "./deliberate.ts";
import { type Got, send, type Sent } from "./send.ts";
import type { RecordedRequest, RecordedResponse } from "./trace.ts";
import { aMoment, rest, waitUntil, type World } from "./world.ts";

/** The headers of an answer that count. */
const judgedHeaders = ["content-type", "warning", "retry-after", "location", "allow"];

/** What is sent and what was answered to it. */
interface Exchange {
  readonly request: RecordedRequest;
  readonly response: RecordedResponse;
}

/** Plays one exchange; reads are repeated while time passes until they are as recorded or nothing changes any more. */
export async function playStep(
  world: World,
  bindings: Bindings,
  { request, response }: Exchange,
): Promise<readonly Disagreement[]> {
  const sent = filled(world, bindings, request);
  let found: readonly Disagreement[] = [];
  let tried = bindings;
  const attempt = async (): Promise<boolean> => {
    tried = bindings.fork();
    found = judge(response, await send(world, sent), tried);
    return found.length === 0;
  };
  if (request.method === "GET") {
    await waitUntil(world, attempt);
  } else {
    await catchUp(world, bindings, sent, response);
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

/** Where an answer is not the recorded one. */
export function judge(response: RecordedResponse, got: Got, bindings: Bindings): readonly Disagreement[] {
  const { headers = {} } = response;
  const status = compare(response.status, got.status, bindings, "status");
  const named = judgedHeaders.flatMap((name) => {
    const value = got.headers[name];
    const text = Array.isArray(value) ? value.join(", ") : value;
    return compare(headers[name], text, bindings, `headers.${name}`);
  });
  const body = compare(withoutDeliberate(response.body), bodyOf(response.body, got.text), bindings, "body");
  return [...status, ...body, ...named];
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
async function catchUp(world: World, bindings: Bindings, sent: Sent, response: RecordedResponse): Promise<void> {
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
