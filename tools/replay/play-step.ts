import type { Bindings } from "./bindings.ts";
import { compare, type Disagreement } from "./compare.ts";
import { unexplained, withReasons } from "./reasons.ts";
import { type Got, open, send, type Sent } from "./send.ts";
import { inShort } from "./short-forms.ts";
import type { RecordedRequest, Step } from "./trace.ts";
import { aMoment, rest, waitUntil, type World } from "./world.ts";
import { isRecord } from "./state.ts";

/** The headers of an answer that count. */
const judgedHeaders = ["content-type", "warning", "retry-after", "location", "allow"];

/** What a container says is in no object: only asking again shows whether it has said it by now. */
const ofContainers = /^[^?]*\/(log|proxy)\b/;

/** For how long of real time it is asked again. */
const sayingMs = 500;

/** Plays one exchange; reads are repeated while time passes until they are as recorded or nothing changes any more. */
export async function playStep(
  world: World,
  bindings: Bindings,
  step: Step,
  steps?: readonly number[],
): Promise<readonly Disagreement[]> {
  const { request } = step;
  const isAnonymous = /system:anonymous/.test(JSON.stringify(step.response.body ?? ""));
  const sent = { ...filled(world, bindings, request), isAnonymous };
  let best: { readonly found: readonly Disagreement[]; readonly tried: Bindings } | undefined;
  const attempt = async (): Promise<number> => {
    const tried = bindings.fork();
    const found = judge(world, step, await ask(world, sent), tried);
    const count = weigh(found, step);
    if (!best || count <= weigh(best.found, step)) best = { found, tried };
    return count;
  };
  if (world.runsPods && ofContainers.test(sent.path)) {
    let isSaid = await waitUntil(world, attempt, aMoment);
    for (const until = Date.now() + sayingMs; !isSaid && Date.now() < until; isSaid = (await attempt()) === 0) {
      await rest(world, 20);
      await world.gate.comes(20);
    }
  } else if (request.method === "GET") {
    await waitUntil(world, attempt, steps);
  } else {
    await catchUp(world, bindings, sent, step);
    await attempt();
  }
  if (!best) return [];
  bindings.take(best.tried);
  return best.found;
}

/**
 * How far an answer is from the recorded one. Headers are not waited for; of an answer that the recorder changed, the
 * revision tells best which it was.
 */
function weigh(found: readonly Disagreement[], { around }: Step): number {
  const isOther = around !== undefined && found.some(({ path }) => path === revisionPath);
  return unexplained(found).filter(({ path }) => !path.startsWith("headers.")).length + (isOther ? 1000 : 0);
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
export function judge(world: World, step: Step, got: Got, bindings: Bindings): readonly Disagreement[] {
  const { request, response, note, around = [] } = step;
  const { headers = {} } = response;
  const status = compare(response.status, got.status, bindings, "status");
  const names = new Set([...judgedHeaders, ...Object.keys(headers)]);
  const named = [...names].flatMap((name) => {
    const value = got.headers[name];
    const text = Array.isArray(value) ? value.join(", ") : value;
    return compare(headers[name], text, bindings, `headers.${name}`);
  });
  const told = inShort(response.body, bodyOf(response.body, asNoted(got.text, note)));
  const found = compare(response.body, told, bindings, "body");
  const others = around.map((body) => compare(body, told, bindings.fork(), "body").map(({ path }) => path));
  const body = found.filter(({ path, expected }) => {
    const isRevision = path === revisionPath && expected !== undefined;
    return isRevision || others.every((paths) => paths.some((each) => overlap(each, path)));
  });
  return withReasons([...status, ...body, ...named], `${request.method} ${request.path}`, world.api);
}

const revisionPath = "body.metadata.resourceVersion";

/** Whether one path leads to the other. */
function overlap(one: string, other: string): boolean {
  return one.startsWith(other) || other.startsWith(one);
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

/** The same request as a dry run. The options in the body of a deletion count before those of the query. */
function dryRunOf(sent: Sent): Sent {
  if (sent.method === "DELETE" && isRecord(sent.body)) return { ...sent, body: { ...sent.body, dryRun: ["All"] } };
  if (sent.path.includes("dryRun=")) return sent;
  return { ...sent, path: `${sent.path}${sent.path.includes("?") ? "&" : "?"}dryRun=All` };
}

/**
 * Before a write, the controllers come as far as the answer shows that they had come: a dry run of it, which changes
 * nothing, is repeated until its status is the recorded one.
 */
async function catchUp(world: World, bindings: Bindings, sent: Sent, { response }: Step): Promise<void> {
  const { body } = response;
  // A refusal that quotes the object tells its state, too.
  const isQuoted = response.status >= 400 && JSON.stringify(body).includes("resourceVersion\\");
  const stateOf = (value: unknown): unknown => (isQuoted || !isRecord(value) ? value : value["status"]);
  const dry = dryRunOf(sent);
  await waitUntil(
    world,
    async () => {
      const got = await send(world, dry);
      if (got.status !== response.status) return 1;
      if (!isQuoted && !isRecord(stateOf(body))) return 0;
      const found = compare(stateOf(body), stateOf(bodyOf(body, got.text)), bindings.fork(), "body.status");
      return unexplained(withReasons(found, `${sent.method} ${sent.path}`, world.api)).length;
    },
    aMoment,
  );
}
