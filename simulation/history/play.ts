import { logBranch } from "../../src/history/delivery-log.ts";
import { recordOf } from "../invariants/branches.ts";
import { checkOutcome, checkPromoted } from "../invariants/outcome.ts";
import { World } from "../world/world.ts";
import { Hands } from "./hands.ts";
import { Person } from "./person.ts";
import { spoilLog } from "./spoil-log.ts";
import { environments, isByHand, isMishap, places } from "./steps.ts";
import type { Act, History, Mishap, Moment } from "./steps.ts";

/** How a history went: what must never be and was, and all that happened. */
export interface Played {
  readonly accusations: readonly string[];
  readonly chronicle: readonly string[];
}

/** How long nothing must happen until a world is at rest, and how long that may take. */
const quietMs = 130_000;
const longestMs = 3_600_000;
/** How often an engine asks Git in a minute when nothing happens, with room for a retry. */
const mostPolls = 6;
/** How long a moment is waited for. */
const longestAwaitedMs = 40_000;

/** Plays a history to its end and looks at what became of it. */
export async function play(history: History): Promise<Played> {
  const world = new World(history);
  const { clock, weather, engines } = world;
  const person = new Person(world.remote, clock, history);
  const hands = new Hands(world.core.client);
  if (history.policy.isShared)
    for (const environment of environments) await world.makeNamespace(`shared-${environment}`);
  for (const engine of engines) engine.start();
  weather.faults = history.faults;
  await clock.advance(30_000);
  const perform = async (act: Act): Promise<void> => {
    world.note(`> ${JSON.stringify(act)}`);
    const said = isMishap(act) ? befall(world, act) : isByHand(act) ? await hands.act(act) : person.act(act);
    if (said) world.note(`  ${said}`);
  };
  for (const { act, when, thenMs } of history.steps) {
    if (when === undefined) await perform(act);
    else await atMoment(world, when, () => perform(act));
    await clock.advance(thenMs);
    if (world.accusations.length > 0) break;
  }
  if (world.accusations.length === 0) await end(world, history);
  world.stop();
  return { accusations: world.accusations, chronicle: world.chronicle };
}

/** Does something in the middle of what an engine does, once that moment comes. */
async function atMoment(world: World, moment: Moment, perform: () => Promise<void>): Promise<void> {
  const performed: Promise<void>[] = [];
  const giveUp = world.onNext(moment, () => {
    world.note(`(at a ${moment})`);
    const performing = perform();
    performed.push(performing);
    return performing;
  });
  const untilMs = world.clock.now() + longestAwaitedMs;
  while (performed.length === 0 && world.clock.now() < untilMs) await world.clock.advance(500);
  giveUp();
  await Promise.all(performed);
}

/** What befalls the processes and the ways between them. */
function befall({ clock, weather, engines, remote }: World, act: Mishap): string {
  const later = (ms: number, then: () => void): string => {
    clock.at(clock.now() + ms, then);
    return "";
  };
  const acting = engines.find(({ engine }) => engine) ?? engines[0];
  switch (act.do) {
    case "kill":
      acting?.kill(act.lost);
      return later(act.downMs, () => acting?.start());
    case "freeze":
      acting?.freeze();
      acting?.setClock(act.setMs);
      return later(act.forMs, () => acting?.thaw());
    case "git-down":
      weather.isGitUp = false;
      return later(act.forMs, () => (weather.isGitUp = true));
    case "api-down":
      weather.setApi(false);
      return later(act.forMs, () => weather.setApi(true));
    case "protect":
      weather.isProtected = true;
      return later(act.forMs, () => (weather.isProtected = false));
    case "set-clock":
      (act.isStandby ? engines.find((one) => one !== acting) : acting)?.setClock(act.byMs);
      return "";
    case "delete-log":
      remote.deleteBranch(logBranch);
      return "";
    case "rewind-log":
    case "garble-log":
      return spoilLog(remote, act, clock.now());
    case "untold":
      weather.isTold = false;
      return later(act.forMs, () => (weather.isTold = true));
  }
}

/** Fair weather until nothing happens any more, and the judgement. */
async function end(world: World, { steps }: History): Promise<void> {
  const { clock, weather, engines, remote, core } = world;
  weather.clear();
  for (const engine of engines) {
    engine.thaw();
    engine.start();
  }
  world.note("> fair weather");
  const since = clock.now();
  let quietSince = since;
  let seen = "";
  while (clock.now() - quietSince < quietMs) {
    await clock.advance(10_000);
    const now = [remote.branch("main"), remote.branch(logBranch), revisionOf(world)].join(" ");
    if (now !== seen) quietSince = clock.now();
    seen = now;
    if (clock.now() - since > longestMs) {
      world.accuse("it does not come to rest within an hour");
      break;
    }
  }
  const did = (what: string): boolean => steps.some(({ act }) => act.do === what);
  checkOutcome(
    {
      remote,
      client: core.client,
      mayBeHeld: ["protect", "policy", "delete-log", "rewind-log", "garble-log", "set-clock"].some(did),
    },
    world.accuse,
  );
  checkPromoted(remote, "staging/one", "production/one", world.accuse);
  checkPromoted(remote, "production/one", "far/one", world.accuse);
  await checkQuiet(world);
}

/** A pass over what is in order asks the API server nothing (behaviour D7). */
async function checkQuiet(world: World): Promise<void> {
  const { kube, clock, remote, accuse, fetches } = world;
  const records = places.flatMap((at) => recordOf(remote, at) ?? []);
  const isInOrder = records.every(({ outcome, remedy }) => outcome === "healthy" && remedy === undefined);
  const before = kube.requestCounts();
  await clock.advance(60_000);
  const polls = world.fetches - fetches;
  if (polls > mostPolls * world.engines.length) accuse(`${polls} fetches in a minute though nothing happened`);
  for (const [request, count] of kube.requestCounts()) {
    const made = count - (before.get(request) ?? 0);
    const isHarmless = request.endsWith(" leases") || (!isInOrder && /^(TRY|GET|LIST) /.test(request));
    if (made > 0 && !isHarmless) accuse(`${made} x ${request} though nothing happened`);
  }
}

/** Changes when anything is written that an engine answers for. */
function revisionOf({ core }: World): string {
  const resources = ["configmaps", "namespaces"].map((resource) => ({ group: "", resource }));
  const objects = [...resources, { group: "apps", resource: "deployments" }].flatMap((one) => core.client.list(one));
  return objects
    .map(({ metadata: { uid, generation, resourceVersion } }) => [uid, generation ?? resourceVersion])
    .join();
}
