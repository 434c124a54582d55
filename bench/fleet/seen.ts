import type { BenchServer } from "../server.ts";

/** The events of a watch, by when they came in milliseconds since the epoch. */
export interface Seen {
  /** How many came so far. */
  readonly count: number;
  /** When the event after so many comes. */
  after(count: number): Promise<number>;
}

/** Watches all objects at a path of the API server, those that are there already first. */
export async function watchAll(cluster: BenchServer, path: string): Promise<Seen> {
  const cameMs: number[] = [];
  let heard = (): void => {};
  await cluster.watch(`${path}?watch=1&resourceVersion=0`, () => {
    cameMs.push(Date.now());
    heard();
  });
  return {
    get count() {
      return cameMs.length;
    },
    async after(count) {
      for (;;) {
        const came = cameMs[count];
        if (came !== undefined) return came;
        await new Promise<void>((resolve) => (heard = resolve));
      }
    },
  };
}

/** The middle one. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
