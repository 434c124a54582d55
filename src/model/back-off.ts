/**
 * The n-th wait of a back-off (n counts from 0), in milliseconds: doubles from `baseMs` to `maxMs`, the upper half of it by
 * chance, which is what `random` answers: from 0 up to but not 1.
 */
export function backOffMs(n: number, baseMs: number, maxMs: number, random: () => number): number {
  const full = Math.min(maxMs, baseMs * 2 ** Math.min(n, 20));
  return full / 2 + (full / 2) * random();
}
