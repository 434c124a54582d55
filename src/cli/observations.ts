/** One thing that a story set out to show: what must be, what was seen, and whether they agree. */
export interface Observation {
  readonly what: string;
  readonly expected: string;
  readonly observed: string;
  readonly ok: boolean;
}

/** Collects observations as a story goes on. */
export class Observations {
  readonly #all: Observation[] = [];

  get all(): readonly Observation[] {
    return this.#all;
  }

  get failed(): readonly Observation[] {
    return this.#all.filter(({ ok }) => !ok);
  }

  /** Notes that `observed` was seen where `expected` must be; `ok` is the judgement, by default their equality. */
  note(what: string, expected: string, observed: string, ok: boolean = expected === observed): void {
    this.#all.push({ what, expected, observed, ok });
  }
}
