import { Bindings } from "./bindings.ts";
import type { Disagreement } from "./compare.ts";
import { filled, playStep } from "./play-step.ts";
import { playStream } from "./play-stream.ts";
import { playWatch, watchLines } from "./play-watch.ts";
import { send } from "./send.ts";
import { unexplained, withReasons } from "./reasons.ts";
import { stepsWithin, withoutOrder } from "./recorder.ts";
import { isServed } from "./served.ts";
import type { Scenario, Step } from "./trace.ts";
import type { Verdict } from "./verdict.ts";
import { knownValues, rest, startWorld, type World } from "./world.ts";

/**
 * Plays a scenario in a cluster of its own; one verdict for each exchange and for each thing that its stream shows. How
 * long the recorder waited before a request was not recorded: where the answers show that the cluster had not come as far
 * as it comes here, or farther, the scenario is played again with the other pace, and the better play counts.
 */
export async function playScenario(group: string, scenario: Scenario): Promise<readonly Verdict[]> {
  const hasty = await play(group, scenario, false);
  if (!runsPods(scenario) || hasty.every(isFine)) return hasty;
  const patient = await play(group, scenario, true);
  return patient.filter(isFine).length > hasty.filter(isFine).length ? patient : hasty;
}

/** Whether pods of the scenario run here. */
function runsPods({ stream, setup = [], steps }: Scenario): boolean {
  return stream === undefined && JSON.stringify([setup, steps.map(({ request }) => request)]).includes('"containers"');
}

function isFine({ outcome }: Verdict): boolean {
  return outcome !== "disagreed";
}

async function play(group: string, scenario: Scenario, isPatient: boolean): Promise<readonly Verdict[]> {
  const world = await startWorld(scenario.namespace, {
    runsNode: scenario.stream === undefined,
    runsPods: runsPods(scenario),
  });
  try {
    const bindings = new Bindings(knownValues(world), !runsPods(scenario));
    await prepare(world, bindings, scenario);
    const verdicts: Verdict[] = [];
    const say = (id: string, title: string, found: readonly Disagreement[] | undefined): void => {
      const outcome = found === undefined ? "not served" : unexplained(found).length === 0 ? "agreed" : "disagreed";
      verdicts.push({ group, scenario: scenario.id, id, title, outcome, disagreements: found ?? [] });
    };
    const { stream, steps } = withoutOrder(scenario);
    const within = stepsWithin(scenario);
    const left = new Map(steps.map((step) => [step.id, step]));
    const playOne = async (id: string, waits?: readonly number[]): Promise<void> => {
      const step = left.get(id);
      left.delete(id);
      if (!step) return;
      if (isPatient && step.request.method !== "GET") await rest(world);
      say(id, step.title, isServed(world, step) ? await playSafely(world, bindings, step, waits) : undefined);
    };
    if (stream) {
      const playBefore = async (index: number): Promise<void> => {
        for (const id of within.get(index) ?? []) await playOne(id, []);
      };
      for (const { title, found } of await playStream(world, bindings, stream.entries, playBefore)) {
        say(`${scenario.id} ${title}`, title, withReasons(found, `STREAM ${title}`, world.api));
      }
    }
    for (const id of left.keys()) await playOne(id);
    return verdicts;
  } finally {
    await world.close();
  }
}

async function prepare(world: World, bindings: Bindings, { setup = [] }: Scenario): Promise<void> {
  // Deletions at its end are how the recorder cleaned up after the steps.
  const kept = setup.slice(0, setup.findLastIndex(({ method }) => method !== "DELETE") + 1);
  for (const { method, path, body, type = "application/json" } of kept) {
    await send(world, filled(world, bindings, { method, path, body, headers: { "content-type": type } }));
  }
  if (setup.length > 0) await rest(world);
}

async function playSafely(
  world: World,
  bindings: Bindings,
  step: Step,
  waits?: readonly number[],
): Promise<readonly Disagreement[]> {
  try {
    return watchLines(step) ? await playWatch(world, bindings, step) : await playStep(world, bindings, step, waits);
  } catch (error) {
    return [{ path: "connection", expected: step.response.status, got: String(error) }];
  }
}
