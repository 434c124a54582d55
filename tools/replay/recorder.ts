import { isDeepStrictEqual } from "node:util";
import { withOwnBody } from "./own-body.ts";
import type { Scenario, Step } from "./trace.ts";

/** What the recorder wrote down of its own machine, or left volatile where a placeholder should stand. */
const overlooked: readonly (readonly [RegExp, string])[] = [
  [/default-scheduler-vm/g, "default-scheduler-<node>"],
  // Objects that messages quote, escaped as often as they are nested.
  [/(resourceVersion\\+":\\+")\d+/g, "$1<rv>"],
  [/(replica set \\+"[a-z0-9-]+-)[bcdfghjklmnpqrstvwxz2456789]{8,10}\b/g, "$1<hash>"],
];

/** The scenario as a recorder without habits would have written it. */
export function mended(scenario: Scenario): Scenario {
  const text = overlooked.reduce((so, [from, to]) => so.replaceAll(from, to), JSON.stringify(scenario));
  const whole = JSON.parse(text) as Scenario;
  return {
    ...whole,
    steps: whole.steps.map((step, index) =>
      withAround(withOwnBody(withVolatile(step, index), whole.steps, index), whole.steps, index),
    ),
  };
}

/** The end of a generated name is a placeholder only where the object came to be; what all namespaces hold is none. */
function withVolatile(step: Step, index: number): Step {
  if (step.request.method === "GET" && !step.request.path.includes("/namespaces/")) {
    const text = JSON.stringify(step.response).replace(/"remainingItemCount":\d+/, '"remainingItemCount":"<count>"');
    return { ...step, response: JSON.parse(text) as Step["response"] };
  }
  const name = /"generateName":"([^"]+)"/.exec(JSON.stringify(step.request))?.[1]?.slice(0, 58);
  if (name === undefined || step.response.status < 400) return step;
  const text = JSON.stringify(step.response).replaceAll(
    new RegExp(`(?<!\\w)${name}[a-z0-9]{5}\\b`, "g"),
    `${name}<rand:${900 + index}>`,
  );
  return { ...step, response: JSON.parse(text) as Step["response"] };
}

/**
 * The recorder changed some answers in place to make the next request of them, before it wrote them down: they are
 * that request's body. What the server said before and after of the same object then says what it was really like.
 */
function withAround(step: Step, steps: readonly Step[], index: number): Step {
  const next = steps[index + 1]?.request;
  if (step.request.method !== "GET" || !next?.body || !isDeepStrictEqual(next.body, step.response.body)) return step;
  const before = steps.slice(0, index).findLast(({ request, response }) => {
    return request.method !== "GET" && response.status < 300 && isObject(response.body);
  });
  const after = steps[index + 1]?.response.body;
  return before ? { ...step, around: [before.response.body, after] } : step;
}

function isObject(body: unknown): boolean {
  return typeof body === "object" && body !== null && "metadata" in body;
}

/** The ids of steps that were done before an entry of the stream: a list tells the revision of its moment. */
export function stepsWithin({ stream, steps }: Scenario): ReadonlyMap<number, readonly string[]> {
  const entries = stream?.entries ?? [];
  const within = new Map<number, readonly string[]>();
  for (const step of steps) {
    const revision = numberOf(listRevision(step.response.body));
    const index = entries.findIndex(({ resourceVersion }) => numberOf(resourceVersion) > revision);
    if (index >= 0) within.set(index, [...(within.get(index) ?? []), step.id]);
  }
  return within;
}

/** Beside a stream the order of writes is one of several that are right, so resourceVersions are not compared there. */
export function withoutOrder(scenario: Scenario): Scenario {
  if (!scenario.stream) return scenario;
  return JSON.parse(JSON.stringify(scenario).replaceAll(/<rv:\d+>/g, "<rv>")) as Scenario;
}

function listRevision(body: unknown): string | undefined {
  if (!isObject(body) || !("items" in (body as object))) return undefined;
  return (body as { readonly metadata: { readonly resourceVersion?: string } }).metadata.resourceVersion;
}

function numberOf(revision: string | undefined): number {
  return Number(/^<rv:(\d+)>$/.exec(revision ?? "")?.[1] ?? Number.NaN);
}
