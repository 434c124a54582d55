import { Bindings } from "./bindings.ts";
import type { Disagreement } from "./compare.ts";
import { filled, playStep } from "./play-step.ts";
import { playStream } from "./play-stream.ts";
import { playWatch, watchLines } from "./play-watch.ts";
import { send } from "./send.ts";
import { isServed } from "./served.ts";
import type { Scenario, Step } from "./trace.ts";
import type { Verdict } from "./verdict.ts";
import { knownValues, rest, startWorld, type World } from "./world.ts";

/** Plays a scenario in a cluster of its own; one verdict for each exchange and for each thing that its stream shows. */
export async function playScenario(group: string, scenario: Scenario): Promise<readonly Verdict[]> {
  const world = await startWorld(scenario.namespace, scenario.stream === undefined);
  try {
    const bindings = new Bindings(knownValues(world));
    await prepare(world, bindings, scenario);
    const verdicts: Verdict[] = [];
    const say = (id: string, title: string, found: readonly Disagreement[] | undefined): void => {
      const outcome = found === undefined ? "not served" : found.length === 0 ? "agreed" : "disagreed";
      verdicts.push({ group, scenario: scenario.id, id, title, outcome, disagreements: found ?? [] });
    };
    if (scenario.stream) {
      for (const { title, found } of await playStream(world, bindings, scenario.stream.entries)) {
        say(`${scenario.id} ${title}`, title, found);
      }
    }
    for (const step of scenario.steps) {
      say(step.id, step.title, isServed(world, step) ? await playSafely(world, bindings, step) : undefined);
    }
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

async function playSafely(world: World, bindings: Bindings, step: Step): Promise<readonly Disagreement[]> {
  try {
    return watchLines(step) ? await playWatch(world, bindings, step) : await playStep(world, bindings, step);
  } catch (error) {
    return [{ path: "connection", expected: step.response.status, got: String(error) }];
  }
}
