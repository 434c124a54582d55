import { isRecord, nameIn, type State } from "./state.ts";
import type { World } from "./world.ts";

/** What was seen of the cluster while a stream was played. */
export interface Seen {
  /** Every object of a kind that was, in the order in which they came, as it was last. */
  objects(resource: string): readonly State[];
  /** The states of one object in their order. */
  history(resource: string, name: string): readonly State[];
  isDeleted(resource: string, name: string): boolean;
}

/** Follows every kind that streams are recorded of. */
export function followWorld({ api }: World): Seen {
  const histories = new Map<string, Map<string, State[]>>();
  const deleted = new Set<string>();
  for (const resource of api.table.all()) {
    if (histories.has(resource.resource)) continue;
    const byUid = new Map<string, State[]>();
    histories.set(resource.resource, byUid);
    api.store.subscribe(resource.storedAs, ({ type, object }) => {
      const state: State = object;
      const { uid = "" } = object.metadata;
      if (type === "DELETED") deleted.add(uid);
      else if (byUid.has(uid)) byUid.get(uid)?.push(state);
      else byUid.set(uid, [state]);
    });
  }
  const all = (resource: string): (readonly State[])[] => [...(histories.get(resource)?.values() ?? [])];
  const history = (resource: string, name: string): readonly State[] =>
    all(resource).findLast(([first]) => nameIn(first) === name) ?? [];
  return {
    objects: (resource) => all(resource).flatMap((states) => states.slice(-1)),
    history,
    isDeleted: (resource, name) => {
      const metadata = history(resource, name)[0]?.["metadata"];
      return isRecord(metadata) && deleted.has(String(metadata["uid"]));
    },
  };
}
