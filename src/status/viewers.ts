import type { ServerResponse } from "node:http";
import type { Edition, Told } from "./edition.ts";

interface Viewer {
  readonly response: ServerResponse;
  /** Whether it puts together what it was told and what is new. */
  readonly takesNews: boolean;
  /** What it was last told. */
  told: Told;
  /** Since when it has not taken what was written, in milliseconds since the epoch. */
  behindSinceMs: number | undefined;
}

/** Viewers written to in one turn of the loop: deliveries go on in between. */
const portion = 64;
/** How long somebody may take over one event. */
const patienceMs = 30_000;

/**
 * Everyone who watches. Each is told the newest edition when it has taken the one before, and nothing in between: whoever reads
 * slowly misses moments, and costs no more memory than one event. Who takes nothing for half a minute is let go; browsers
 * come back by themselves and begin with the newest.
 */
export class Viewers {
  readonly #viewers = new Set<Viewer>();
  readonly #now: () => number;
  #newest: Edition | undefined;
  #isSpreading = false;

  /** `now` tells milliseconds since the epoch. */
  constructor(now: () => number) {
    this.#now = now;
  }

  get size(): number {
    return this.#viewers.size;
  }

  /** Begins with `edition` for this one, on an answer whose head is written. */
  add(response: ServerResponse, edition: Edition, takesNews: boolean): void {
    const viewer: Viewer = { response, takesNews, told: edition.applications, behindSinceMs: undefined };
    this.#viewers.add(viewer);
    // Made for this one just now: whoever is still to be told of an older one is told this.
    this.#newest = edition;
    this.#write(viewer, edition.whole);
    response.on("drain", () => {
      viewer.behindSinceMs = undefined;
      if (this.#newest) this.#tell(viewer, this.#newest);
    });
    response.once("close", () => {
      this.#viewers.delete(viewer);
    });
  }

  /** The newest edition, for everyone. */
  tell(edition: Edition): void {
    this.#newest = edition;
    if (this.#isSpreading) return;
    this.#isSpreading = true;
    this.#spread();
  }

  /** Says to everyone who keeps up that somebody is there, and lets the others go whose patience is over. */
  beat(sign: Buffer): void {
    const tooLate = this.#now() - patienceMs;
    for (const { response, behindSinceMs } of this.#viewers) {
      if (behindSinceMs === undefined) response.write(sign);
      else if (behindSinceMs <= tooLate) response.destroy();
    }
  }

  end(): void {
    for (const { response } of this.#viewers) response.end();
  }

  #spread(): void {
    let left = portion;
    for (const viewer of this.#viewers) {
      if (!this.#newest || viewer.told === this.#newest.applications || viewer.behindSinceMs !== undefined) continue;
      if (left === 0) {
        setImmediate(() => {
          this.#spread();
        });
        return;
      }
      left -= 1;
      this.#tell(viewer, this.#newest);
    }
    this.#isSpreading = false;
  }

  #tell(viewer: Viewer, edition: Edition): void {
    const { told, takesNews } = viewer;
    if (told === edition.applications) return;
    viewer.told = edition.applications;
    this.#write(viewer, takesNews ? edition.newsSince(told) : edition.whole);
  }

  #write(viewer: Viewer, event: Buffer): void {
    if (!viewer.response.write(event)) viewer.behindSinceMs = this.#now();
  }
}
