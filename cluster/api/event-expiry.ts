import type { ApiServer } from "./server.ts";

/** How long an Event is kept after its last write: the default of Kubernetes' API server. */
const lifetimeMs = 3600_000;

/** Lets Events go an hour after they were written last; returns a function that ends it. */
export function expireEvents({ store, clock }: ApiServer): () => void {
  // In the order in which they are due: whoever is written again goes to the end.
  const due = new Map<string, number>();
  let cancel: (() => void) | undefined;
  const arm = (): void => {
    const [next] = due.values();
    cancel = next === undefined ? undefined : clock.at(next, expire);
  };
  const expire = (): void => {
    for (const [key, at] of due) {
      if (at > clock.now()) break;
      due.delete(key);
      const event = store.get("events", key);
      if (event) store.remove("events", key, event);
    }
    arm();
  };
  const stop = store.subscribe("events", ({ type, key }) => {
    due.delete(key);
    if (type === "DELETED") return;
    due.set(key, clock.now() + lifetimeMs);
    if (!cancel) arm();
  });
  return () => {
    stop();
    cancel?.();
  };
}
