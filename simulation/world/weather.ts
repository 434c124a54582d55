/** What goes wrong in the world now, for all processes alike. Chances are from 0 to 1. */
export class Weather {
  isGitUp = true;
  isApiUp = true;
  /** The tracked branch takes no commit of the engine's. */
  isProtected = false;
  /** A process hears of pushes at once, and not only by polling. */
  isTold = true;
  /** How often a single request to the API server or to Git goes wrong. */
  faults = 0;
  readonly #listeners = new Set<() => void>();

  /** Calls `changed` whenever the API server goes or comes; returns a function that ends it. */
  onApi(changed: () => void): () => void {
    this.#listeners.add(changed);
    return () => this.#listeners.delete(changed);
  }

  setApi(isUp: boolean): void {
    if (this.isApiUp === isUp) return;
    this.isApiUp = isUp;
    for (const listener of this.#listeners) listener();
  }

  /** Fair again. */
  clear(): void {
    this.isGitUp = true;
    this.isProtected = false;
    this.isTold = true;
    this.faults = 0;
    this.setApi(true);
  }
}
