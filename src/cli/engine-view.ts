import type { Engine } from "../engine/engine.ts";
import type { Snapshot } from "../engine/snapshot.ts";
import type { Git } from "../io/git/git.ts";
import type { Kube } from "../io/kube/kube.ts";
import type { StatusDocument } from "../model/status-document.ts";
import { statusDocument } from "../status/document.ts";
import type { Untold } from "../status/document.ts";
import type { MetricsSource } from "../status/metrics.ts";
import { LogFeed } from "./log-feed.ts";
import { packageVersion } from "./package-root.ts";
import { pageAssets } from "./page.ts";
import type { World } from "./world.ts";

/** What the page shows: what the engine of this process knows while it leads, else what the delivery log says. */
export class EngineView {
  readonly assets = pageAssets();
  onChange = (): void => {};
  untold = (): readonly Untold[] => [];
  readonly #world: World;
  readonly #git: Git;
  readonly #branch: string;
  readonly #about: StatusDocument["engine"];
  #leading: { readonly engine: Engine; readonly kube: Kube } | undefined;
  #feed: LogFeed | undefined;
  #logged: StatusDocument | undefined;

  constructor(world: World, git: Git, branch: string) {
    this.#world = world;
    this.#git = git;
    this.#branch = branch;
    this.#about = { version: packageVersion(), startedAt: new Date(world.clock.now()).toISOString() };
  }

  document(): StatusDocument {
    if (this.#leading) return this.documentOf(this.#leading.engine.snapshot());
    if (this.#logged) return this.#logged;
    return this.documentOf({
      repository: { url: this.#git.url, branch: this.#branch, reachable: true },
      applications: [],
    });
  }

  documentOf(snapshot: Snapshot): StatusDocument {
    return statusDocument({ engine: this.#about, untold: this.untold(), ...snapshot }, this.#world.clock.now());
  }

  /** What metrics are made from, as far as the engine itself knows it. */
  metrics(): Pick<MetricsSource, "document" | "requests" | "queue"> {
    return {
      document: this.document(),
      requests: this.#leading?.kube.requestCounts() ?? new Map(),
      queue: this.#leading?.engine.load() ?? { waiting: 0, working: 0 },
    };
  }

  /** Has the leading engine fetch; false when this one does not lead. */
  refresh(): boolean {
    void this.#leading?.engine.refresh();
    return this.#leading !== undefined;
  }

  /** A leader is ready when it has read the repository, one that stands by when it knows that another leads. */
  isReady(): boolean {
    return this.#leading
      ? this.#leading.engine.snapshot().repository.fetchedAt !== undefined
      : this.#feed !== undefined;
  }

  lead(engine: Engine, kube: Kube): void {
    this.#feed?.close();
    this.#feed = undefined;
    this.#leading = { engine, kube };
    this.onChange();
  }

  standBy(): void {
    this.#logged = this.document();
    this.#leading = undefined;
  }

  /** Shows what the delivery log says from now on, looked at every `pollMs`. */
  follow(pollMs: number): void {
    if (this.#feed) return;
    this.#feed = new LogFeed(this.#git, this.#world.ending(), { pollMs });
    this.#feed.follow((document) => {
      this.#logged = document;
      this.onChange();
    });
  }

  close(): void {
    this.#feed?.close();
  }
}
