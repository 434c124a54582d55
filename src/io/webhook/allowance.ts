/** How many requests are answered: `burst` at once, and `perSecond` after that. */
export interface AllowanceOptions {
  readonly burst: number;
  readonly perSecond: number;
  /** Milliseconds, of any epoch. */
  readonly now: () => number;
}

/** A bucket of tokens: each call takes one, and answers whether there was one. */
export function allowance({ burst, perSecond, now }: AllowanceOptions): () => boolean {
  let left = burst;
  let at = now();
  return () => {
    const time = now();
    left = Math.min(burst, left + (Math.max(0, time - at) / 1000) * perSecond);
    at = time;
    if (left < 1) return false;
    left -= 1;
    return true;
  };
}
