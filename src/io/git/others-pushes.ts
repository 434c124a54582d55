import { localBranches, watchLocalRefs } from "./local-refs.ts";

/** Runs this work when no push from here is on its way. */
type InTurn = (work: () => Promise<void>) => Promise<void>;

/** Watches a remote on this machine for what others push to it. */
export class OthersPushes {
  /** For each that watches, what was pushed from here since it looked last. */
  readonly #own = new Set<Map<string, string>>();
  readonly #inTurn: InTurn;

  constructor(inTurn: InTurn) {
    this.#inTurn = inTurn;
  }

  /** A push from here has come through: it is no news. */
  pushed(branch: string, commit: string): void {
    for (const own of this.#own) own.set(branch, commit);
  }

  /** Calls `changed` when somebody else's push changed the repository in `folder`. Returns a function that ends it. */
  watch(folder: string, changed: () => void): () => void {
    const own = new Map<string, string>();
    let before: ReadonlyMap<string, string> = new Map();
    const look = async (): Promise<void> => {
      const now = await localBranches(folder);
      const expected = new Map([...before, ...own]);
      before = now;
      own.clear();
      const isNews = now.size !== expected.size || [...now].some(([name, commit]) => expected.get(name) !== commit);
      if (isNews) changed();
    };
    this.#own.add(own);
    // In turn, since a push from here is seen there before git has said that it came through.
    const end = watchLocalRefs(folder, () => void this.#inTurn(look));
    return () => {
      end();
      this.#own.delete(own);
    };
  }
}
