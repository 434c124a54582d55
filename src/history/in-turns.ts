/**
 * Does one turn after the other: what is asked for during a turn is done by the next one, all of it together, and each is
 * answered by its place. What throws or `isRefused` together is done one by one, so that nobody's trouble becomes another's.
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
