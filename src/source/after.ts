import type { Application } from "../model/application.ts";
import type { Problem } from "../model/problem.ts";

interface Found {
  readonly application: Application;
  readonly problems: readonly Problem[];
}

/** `database` -> `staging/database`: a name without an environment is of the application's own. */
export function awaitedId(name: string, environment: string): string {
  return name.includes("/") ? name : `${environment}/${name}`;
}

/**
 * The applications, each with what is wrong with those that it says it comes `after` (behaviour R6): one that is not there,
 * or a circle, in which all would wait for ever. Those outside of the circle are not affected.
 */
export function checkAfter<T extends Found>(all: readonly T[]): readonly T[] {
  const after = new Map(all.map(({ application: { id, after } }) => [id, after]));
  return all.map((found) => {
    const { id, path } = found.application;
    const problem = (message: string, remedy: string): Problem => ({
      code: "after-invalid",
      message,
      where: { file: `${path}/delivery.yaml` },
      remedy,
    });
    const unknown = found.application.after
      .filter((other) => !after.has(other))
      .map((other) => problem(`after: there is no application ${other}.`, "Name an application of this repository."));
    const circle = circleOf(id, after);
    const waits = circle && `after: ${circle.join(" waits for ")}, so none of them could ever begin.`;
    const circular = waits === undefined ? [] : [problem(waits, "Take one of them out of `after`.")];
    const problems = [...unknown, ...circular];
    return problems.length === 0 ? found : { ...found, problems: [...found.problems, ...problems] };
  });
}

/** The shortest way from an application back to itself, with it at both ends; undefined where there is none. */
function circleOf(id: string, after: ReadonlyMap<string, readonly string[]>): readonly string[] | undefined {
  const seen = new Set<string>();
  let ways: readonly (readonly string[])[] = [[id]];
  while (ways.length > 0) {
    const next: (readonly string[])[] = [];
    for (const way of ways) {
      for (const other of after.get(way.at(-1) ?? id) ?? []) {
        if (other === id) return [...way, id];
        if (seen.has(other)) continue;
        seen.add(other);
        next.push([...way, other]);
      }
    }
    ways = next;
  }
  return undefined;
}
