import type { Delivery } from "./status.ts";

/** One row's part of the arc that leads from a rollback down to the commit that it restores. */
export interface ArcPart {
  readonly part: "start" | "through" | "end";
  /** 0 is next to the line of deliveries. */
  readonly lane: number;
}

/** More arcs than this at one place would only tangle. */
const mostLanes = 3;

/**
 * For each delivery, newest first, the parts of the arcs that pass it. An arc begins at the rollback commit, or where that is
 * not delivered yet at what it undoes, and ends at the last time that the restored commit was delivered before; where that
 * is not on the page, it runs out at the end.
 */
export function arcParts(history: readonly Delivery[]): readonly (readonly ArcPart[])[] {
  const rows: ArcPart[][] = history.map(() => []);
  history.forEach(({ rollback }, failed) => {
    if (rollback === undefined) return;
    const isRollback = ({ revision }: Delivery): boolean => revision.commit === rollback.commit;
    const isRestored = ({ revision }: Delivery, index: number): boolean =>
      index > failed && revision.commit === rollback.restores.commit;
    const delivered = history.slice(0, failed).findIndex(isRollback);
    const start = delivered < 0 ? failed : delivered;
    const found = history.findIndex(isRestored);
    const end = found < 0 ? history.length : found;
    const passed = rows.slice(start, end + 1);
    const lane = Array.from({ length: mostLanes }, (_, each) => each).find((each) =>
      passed.every((row) => row.every((part) => part.lane !== each)),
    );
    if (lane === undefined) return;
    passed.forEach((row, index) => {
      row.push({ part: index === 0 ? "start" : start + index === end ? "end" : "through", lane });
    });
  });
  return rows;
}
