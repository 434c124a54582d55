/**
 * Runs one turn at a time. What is asked for during a turn waits for the next one, which does all of it together. When a
 * turn throws, or one of its answers `isRefused`, everything asked of it is done one by one: nothing fails for another's sake.
 */
export function inTurns<Asked, Answer>(
  turn: (asked: readonly Asked[]) => Promise<readonly Answer[]>,
  isRefused: (answer: Answer) => boolean,
): (asked: Asked) => Promise<Answer> {
  let waiting: Asked[] = [];
  let next: Promise<readonly (() => Answer)[]> | undefined;
  let last: Promise<unknown> = Promise.resolve();
  const begin = (): Promise<readonly (() => Answer)[]> => {
    const taken = waiting;
    [waiting, next] = [[], undefined];
    return together(taken);
  };
  const together = async (asked: readonly Asked[]): Promise<readonly (() => Answer)[]> => {
    try {
      const answers = await turn(asked);
      if (asked.length === 1 || !answers.some(isRefused)) return answers.map((answer) => () => answer);
    } catch (error) {
      if (asked.length === 1) return [() => raise(error)];
    }
    const alone: (() => Answer)[] = [];
    for (const one of asked) alone.push(...(await together([one])));
    return alone;
  };
  return async (asked) => {
    const place = waiting.push(asked) - 1;
    if (next === undefined) {
      next = last.then(begin);
      last = next;
    }
    const answer = (await next)[place];
    if (answer === undefined) throw new Error("a turn must answer everything that was asked of it");
    return answer();
  };
}

function raise(error: unknown): never {
  throw error;
}
