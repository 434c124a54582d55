import type { Clock } from "../io/clock/clock.ts";
import type { Kube, KubeAnswer, KubeResource } from "../io/kube/kube.ts";
import { valueAt } from "../model/json.ts";
import type { KubeObject } from "../model/kube-object.ts";

/** What an engine takes part in the election of a leader with. Times are milliseconds. */
export interface LeaderOptions {
  /** A client of its own, whose requests end within a third of the lease's duration. */
  readonly kube: Kube;
  readonly clock: Clock;
  /** Milliseconds since any moment, which nobody sets forward or back, as people and NTP set clocks; default the clock. */
  readonly steadyMs?: () => number;
  /** From 0 up to but not 1; spreads the tries. */
  readonly random: () => number;
  /** Where the Lease is; made where it is missing. */
  readonly namespace: string;
  /** Who this engine is: no other that may run at the same time has the same identity. */
  readonly identity: string;
  /** Where this engine hears of pushes, to be said in the Lease while it holds it: others pass on what they hear. */
  readonly address?: () => string | undefined;
  /** How long a Lease that nobody renews is still respected; default 15 s. */
  readonly durationMs?: number;
  /** True of a holder that certainly acts no more, so that its Lease need not run out. */
  readonly hasEnded?: (identity: string) => boolean;
  /** Another holds the Lease, or it cannot be read. Called when that changes. */
  readonly onStandby?: (why: string) => void;
}

const leases: KubeResource = {
  group: "coordination.k8s.io",
  version: "v1",
  kind: "Lease",
  resource: "leases",
  namespaced: true,
};
const namespaces: KubeResource = {
  group: "",
  version: "v1",
  kind: "Namespace",
  resource: "namespaces",
  namespaced: false,
};

/** When a request was sent, by the clock and in steady time. */
interface Sent {
  readonly ms: number;
  readonly steadyMs: number;
}

/** The annotation of the Lease that says where its holder hears of pushes. */
const addressAnnotation = "plumbline.dev/webhook";

/** The name of the Lease of the engines that share a namespace. */
const leaseName = "plumbline-engine";

/**
 * Sees to it that of several engines one acts (behaviour O2), by a Lease as Kubernetes' own components hold one
 * (https://kubernetes.io/docs/concepts/architecture/leases/). Whoever holds it stops two thirds into its duration after the
 * last renewal that was heard of; whoever waits for it takes it a whole duration after it last saw it change. Each measures
 * on its own clock, so that no two clocks need to agree, and steadily, so that no clock that is set makes two of them lead; the
 * holder by its clock as well, since steady time stands still while a machine sleeps.
 */
export class Leader {
  readonly #options: LeaderOptions;
  readonly #durationMs: number;
  readonly #steadyMs: () => number;
  /** The Lease as it was last heard of, and since when, in steady time, it has been like this. */
  #lease: KubeObject | undefined;
  #unchangedSinceMs = 0;
  /** What was heard last is our own write: the next one need not read first. */
  #isOurs = false;
  #heldUntilMs = 0;
  #heldUntilSteadyMs = 0;
  #standby: string | undefined;

  constructor(options: LeaderOptions) {
    this.#options = options;
    this.#durationMs = options.durationMs ?? 15_000;
    this.#steadyMs = options.steadyMs ?? (() => options.clock.now());
  }

  /** Whether this engine may act now. */
  readonly holds = (): boolean =>
    this.#options.clock.now() < this.#heldUntilMs && this.#steadyMs() < this.#heldUntilSteadyMs;

  /** Where the engine that leads hears of pushes; undefined when it says nothing, or is this one. */
  readonly leaderAddress = (): string | undefined => {
    const holder = this.#holder();
    if (holder === "" || holder === this.#options.identity) return undefined;
    return this.#lease?.metadata.annotations?.[addressAnnotation];
  };

  /**
   * Waits for the Lease and runs `term` while it is held, again and again until `ending` is aborted; then gives it back, so
   * that the next one need not wait. The signal of a term is aborted when the Lease is lost or the end has come.
   */
  async run(term: (signal: AbortSignal) => Promise<void>, ending: AbortSignal): Promise<void> {
    while (!ending.aborted) {
      if (!(await this.#tryToHold())) {
        await this.#pause(this.#durationMs / 8, ending);
        continue;
      }
      this.#standby = undefined;
      await this.#lead(term, ending);
      if (this.holds()) await this.#release();
    }
  }

  async #lead(term: (signal: AbortSignal) => Promise<void>, ending: AbortSignal): Promise<void> {
    const over = new AbortController();
    const end = (): void => over.abort();
    ending.addEventListener("abort", end, { once: true });
    if (ending.aborted) end();
    const renewing = this.#renew(over);
    try {
      await term(over.signal);
    } finally {
      end();
      ending.removeEventListener("abort", end);
      await renewing;
    }
  }

  /** Renews until the term is over; a Lease that could not be renewed in time ends it. */
  async #renew(over: AbortController): Promise<void> {
    let cancel = (): void => {};
    const watchOver = (): void => {
      cancel();
      const { clock } = this.#options;
      const now = clock.now();
      const leftMs = Math.min(this.#heldUntilMs - now, this.#heldUntilSteadyMs - this.#steadyMs());
      // A timer may come a moment too soon.
      cancel = clock.at(now + Math.max(leftMs, 1), () => (this.holds() ? watchOver() : over.abort()));
    };
    watchOver();
    let pauseMs = this.#durationMs / 3;
    while (!over.signal.aborted) {
      await this.#pause(pauseMs, over.signal);
      if (over.signal.aborted) break;
      pauseMs = (await this.#tryToHold()) ? this.#durationMs / 3 : this.#durationMs / 15;
      if (this.#holder() === this.#options.identity) continue;
      // Somebody took it or wiped it out: there is no time left to count on.
      this.#heldUntilMs = 0;
      over.abort();
    }
    cancel();
  }

  /** Takes or renews the Lease if it is ours to take. */
  async #tryToHold(): Promise<boolean> {
    const { clock, identity } = this.#options;
    const sent: Sent = { ms: clock.now(), steadyMs: this.#steadyMs() };
    if (!this.#isOurs) {
      const read = await this.#options.kube.get(leases, this.#options.namespace, leaseName);
      if (!read.ok && read.refusal.code !== 404) return this.#wait(`the Lease cannot be read: ${read.refusal.message}`);
      this.#saw(read.ok ? read.value : undefined);
    }
    if (this.#lease === undefined) return this.#written(await this.#create(), sent);
    if (!this.#isFree()) return this.#wait(`${this.#holder()} leads`);
    return this.#written(await this.#options.kube.replace(leases, this.#next(identity)), sent);
  }

  #saw(lease: KubeObject | undefined): void {
    if (lease?.metadata.resourceVersion !== this.#lease?.metadata.resourceVersion) {
      this.#unchangedSinceMs = this.#steadyMs();
    }
    this.#lease = lease;
  }

  #holder(): string {
    const holder = valueAt(this.#lease?.["spec"], "holderIdentity");
    return typeof holder === "string" ? holder : "";
  }

  #isFree(): boolean {
    const { identity, hasEnded } = this.#options;
    const holder = this.#holder();
    if (holder === "" || holder === identity || hasEnded?.(holder) === true) return true;
    // The holder's own word for how long to respect it, where its engine was given another duration than this one.
    const said = Number(valueAt(this.#lease?.["spec"], "leaseDurationSeconds") ?? 0) * 1000;
    return this.#steadyMs() - this.#unchangedSinceMs >= Math.max(said, this.#durationMs);
  }

  #written(answer: KubeAnswer<KubeObject>, sent: Sent): boolean {
    // Without an answer it may have been written all the same, and in a conflict somebody was faster: then it is read first.
    this.#isOurs = answer.ok;
    if (!answer.ok) return this.#wait(`the Lease cannot be written: ${answer.refusal.message}`);
    this.#saw(answer.value);
    this.#heldUntilMs = sent.ms + (this.#durationMs * 2) / 3;
    this.#heldUntilSteadyMs = sent.steadyMs + (this.#durationMs * 2) / 3;
    return true;
  }

  async #create(): Promise<KubeAnswer<KubeObject>> {
    const { kube, namespace, identity } = this.#options;
    const first = await kube.create(leases, this.#next(identity));
    if (first.ok || first.refusal.code !== 404) return first;
    const made = await kube.create(namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
    return made.ok || made.refusal.code === 409 ? kube.create(leases, this.#next(identity)) : made;
  }

  /** The Lease with this holder; who comes to hold it is a transition. */
  #next(holder: string): KubeObject {
    const { clock } = this.#options;
    const spec = this.#lease?.["spec"];
    const now = new Date(clock.now()).toISOString().replace("Z", "000Z");
    const changes = Number(valueAt(spec, "leaseTransitions") ?? 0);
    const same = this.#holder() === holder;
    return {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: this.#metadata(holder),
      spec: {
        holderIdentity: holder,
        leaseDurationSeconds: Math.max(1, Math.ceil(this.#durationMs / 1000)),
        acquireTime: same ? (valueAt(spec, "acquireTime") ?? now) : now,
        renewTime: now,
        leaseTransitions: same || this.#lease === undefined ? changes : changes + 1,
      },
    };
  }

  #metadata(holder: string): KubeObject["metadata"] {
    const { namespace, identity, address } = this.#options;
    const known = this.#lease?.metadata ?? { name: leaseName, namespace };
    const { [addressAnnotation]: _, ...others } = known.annotations ?? {};
    const own = holder === identity ? address?.() : undefined;
    return { ...known, annotations: { ...others, ...(own === undefined ? {} : { [addressAnnotation]: own }) } };
  }

  async #release(): Promise<void> {
    if (this.#lease) await this.#options.kube.replace(leases, this.#next(""));
    this.#heldUntilMs = 0;
    this.#isOurs = false;
  }

  #wait(why: string): false {
    if (why !== this.#standby && !this.holds()) this.#options.onStandby?.(why);
    this.#standby = why;
    return false;
  }

  /** About `ms`, or until `signal` is aborted. */
  #pause(ms: number, signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options;
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const done = (): void => {
        cancel();
        signal.removeEventListener("abort", done);
        resolve();
      };
      const cancel = clock.at(clock.now() + ms * (0.9 + 0.2 * random()), done);
      signal.addEventListener("abort", done, { once: true });
    });
  }
}
