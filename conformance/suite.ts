import type { Behaviour } from "./behaviour.ts";
import { cost } from "./behaviours/cost.ts";
import { desiredState } from "./behaviours/desired-state.ts";
import { guard } from "./behaviours/guard.ts";
import { life } from "./behaviours/life.ts";
import { promotion } from "./behaviours/promotion.ts";
import { rollback } from "./behaviours/rollback.ts";
import { rollout } from "./behaviours/rollout.ts";
import { Stage, Unseen } from "./stage.ts";
import type { Ground } from "./stage.ts";

/** Every behaviour of the suite, in the order of docs/behaviours.md. */
export const behaviours: readonly Behaviour[] = [
  ...desiredState,
  ...cost,
  ...rollout,
  ...rollback,
  ...promotion,
  ...life,
  ...guard,
];

/** What was found of one behaviour. `why` is what was seen instead, or why it could not be seen. */
export interface Verdict {
  readonly number: string;
  readonly name: string;
  readonly title: string;
  readonly verdict: "held" | "failed" | "skipped";
  readonly why?: string;
  readonly seconds: number;
}

/** Runs behaviours, so many at once, and tells of each as soon as it is known. Answers them in their own order. */
export async function runSuite(
  ground: Ground,
  chosen: readonly Behaviour[],
  atOnce: number,
  tell: (verdict: Verdict) => void,
): Promise<readonly Verdict[]> {
  const verdicts = new Map<Behaviour, Verdict>();
  const work = async (left: Behaviour[]): Promise<void> => {
    for (let next = left.shift(); next; next = left.shift()) {
      const verdict = await judge(ground, next);
      verdicts.set(next, verdict);
      tell(verdict);
    }
  };
  const together = chosen.filter(({ alone }) => alone !== true);
  await Promise.all(Array.from({ length: atOnce }, () => work(together)));
  await work(chosen.filter(({ alone }) => alone === true));
  return chosen.flatMap((behaviour) => verdicts.get(behaviour) ?? []);
}

async function judge(ground: Ground, behaviour: Behaviour): Promise<Verdict> {
  const { number, name, title } = behaviour;
  const startedMs = Date.now();
  const said = (verdict: Verdict["verdict"], why?: string): Verdict => {
    const seconds = Math.round((Date.now() - startedMs) / 100) / 10;
    return { number, name, title, verdict, ...(why === undefined ? {} : { why }), seconds };
  };
  const cannot = ground.engine.doesNotClaim.get(number) ?? behaviour.cannot?.(ground);
  if (cannot !== undefined) return said("skipped", cannot);
  const stage = new Stage(ground, name);
  const why = await behaviour.holds(stage).then(() => undefined, asError);
  const after = await stage.end().then(() => undefined, asError);
  if (why instanceof Unseen) return said("skipped", why.message);
  if (why) return said("failed", why.message);
  return after ? said("failed", `it held, and then could not be cleared away: ${after.message}`) : said("held");
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
