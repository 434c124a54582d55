import { podStatus, pods } from "../../cluster/core.ts";
import type { Client, Pod } from "../../cluster/core.ts";
import type { Clock } from "../../src/io/clock/clock.ts";
import { behaviourOf, isGood } from "./images.ts";
import type { Behaviour } from "./images.ts";

type ContainerStatus = Parameters<typeof podStatus>[1]["containers"][number];
type State = NonNullable<ContainerStatus["state"]>;

/** One thing that happens to a container, and how long after the one before it. */
interface Turn {
  readonly afterMs: number;
  readonly state: "running" | "ready" | "crashed" | "backing-off" | "pull-failed" | "pull-backing-off" | "done";
}

/** The kubelet's back-off between starts of one container, in milliseconds. */
const backOffs = [10_000, 20_000, 40_000, 80_000, 160_000, 300_000];
const firstBackOffMs = 10_000;
/** For how long new pods of an `expiring` image still get ready. */
const freshMs = 8000;

/**
 * The node of a simulated cluster: gives every pod a place at once, and lets its container do what its image says. What it
 * writes to a pod's status is made by the code of the embedded cluster's own node.
 */
export function startKubelet(client: Client, clock: Clock, random: () => number): () => void {
  const kubelet = client.as("kubelet");
  const running = new Map<string, SimulatedPod>();
  const firstMs = new Map<string, number>();
  const behaviour = ({ spec, metadata: { namespace = "" } }: Pod): Behaviour => {
    const image = spec.containers[0]?.image ?? "";
    const found = behaviourOf(image, namespace);
    const since = firstMs.get(image) ?? clock.now();
    firstMs.set(image, since);
    if (found !== "expiring") return found;
    return clock.now() - since > freshMs ? "crash" : "ready";
  };
  const soon = (): number => 20 + Math.floor(random() * 80);
  return kubelet.watch<Pod>(pods, ({ type, object }) => {
    const uid = object.metadata.uid ?? "";
    const known = running.get(uid);
    if (type === "DELETED") {
      known?.end();
      running.delete(uid);
    } else if (object.metadata.deletionTimestamp !== undefined) {
      if (known?.isEnding === true) return;
      known?.end();
      const ending = known ?? new SimulatedPod(kubelet, clock, object, behaviour(object));
      ending.isEnding = true;
      running.set(uid, ending);
      clock.at(clock.now() + soon(), () => void removeNow(kubelet, object));
    } else if (!known) {
      const pod = new SimulatedPod(kubelet, clock, object, behaviour(object));
      running.set(uid, pod);
      pod.begin(soon());
    }
  });
}

async function removeNow(client: Client, { metadata: { namespace = "", name = "", uid = "" } }: Pod): Promise<void> {
  await client.delete(pods, namespace, name, { gracePeriodSeconds: 0, uid }).catch(() => undefined);
}

class SimulatedPod {
  isEnding = false;
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #pod: Pod;
  readonly #startedMs: number;
  readonly #turns: Iterator<Turn, undefined>;
  #cancel = (): void => {};
  #restarts = 0;
  #last: State | undefined;

  constructor(client: Client, clock: Clock, pod: Pod, behaviour: Behaviour) {
    this.#client = client;
    this.#clock = clock;
    this.#pod = pod;
    this.#startedMs = clock.now();
    this.#turns = isOfJob(pod) ? turnsOfJob(behaviour) : turnsOf(behaviour);
  }

  begin(soonMs: number): void {
    this.#cancel = this.#clock.at(this.#clock.now() + soonMs, () => {
      const { namespace = "", name = "" } = this.#pod.metadata;
      const bound = this.#client.mergePatch(pods, namespace, name, { spec: { nodeName: "node" } });
      bound.then(() => this.#next()).catch(() => undefined);
    });
  }

  end(): void {
    this.#cancel();
  }

  #next(): void {
    const turn = this.#turns.next().value;
    if (!turn) return;
    this.#cancel = this.#clock.at(this.#clock.now() + turn.afterMs, () => {
      void this.#tell(this.#statusIn(turn.state)).then(() => this.#next());
    });
  }

  #statusIn(state: Turn["state"]): ContainerStatus {
    const container = this.#pod.spec.containers[0];
    const now = new Date(this.#clock.now()).toISOString().replace(/\.\d+Z/, "Z");
    const { image = "", name = "" } = container ?? {};
    const crashed = { terminated: { exitCode: 3, reason: "Error", startedAt: now, finishedAt: now } };
    const waiting = (reason: string, message: string): State => ({ waiting: { reason, message } });
    const unknown = `failed to pull and unpack image "${image}": ${image}: not found`;
    const states: Readonly<Record<Turn["state"], State>> = {
      running: { running: { startedAt: now } },
      ready: { running: { startedAt: now } },
      crashed,
      done: { terminated: { exitCode: 0, reason: "Completed", startedAt: now, finishedAt: now } },
      "backing-off": waiting("CrashLoopBackOff", `back-off restarting failed container ${name}`),
      "pull-failed": waiting("ErrImagePull", unknown),
      "pull-backing-off": waiting("ImagePullBackOff", `Back-off pulling image "${image}": ${unknown}`),
    };
    if (state === "running" && this.#last) this.#restarts += 1;
    if (state === "crashed") this.#last = crashed;
    return {
      name,
      image,
      imageID: "",
      ready: state === "ready",
      started: state === "ready" || state === "running",
      restartCount: this.#restarts,
      state: states[state],
      lastState: state === "crashed" ? {} : (this.#last ?? {}),
    };
  }

  async #tell(container: ContainerStatus): Promise<void> {
    const { namespace = "", name = "", uid = "" } = this.#pod.metadata;
    const pod = this.#client.get<Pod>(pods, namespace, name);
    if (!pod || pod.metadata.uid !== uid) return;
    const view = {
      hostIP: "127.0.0.1",
      podIP: `127.9.${Number.parseInt(uid.slice(0, 2), 16)}.${Number.parseInt(uid.slice(2, 4), 16) || 1}`,
      startedMs: this.#startedMs,
      sandbox: true,
      ended: isOfJob(pod) && container.state?.terminated !== undefined,
      containers: [container],
      initContainers: [],
      failure: undefined,
    };
    const status = podStatus(pod, view, this.#clock.now());
    await this.#client.updateStatus(pods, { ...pod, status }).catch(() => undefined);
  }
}

function isOfJob({ metadata }: Pod): boolean {
  return metadata.ownerReferences?.[0]?.kind === "Job";
}

/** A container that runs once, and is never started again. */
function* turnsOfJob(behaviour: Behaviour): Generator<Turn, undefined> {
  if (behaviour === "missing") yield* notPulled();
  yield { afterMs: 200, state: "running" };
  if (behaviour === "never") return undefined;
  const isDone = isGood(behaviour) !== false && behaviour !== "flaky";
  yield { afterMs: behaviour === "slow" ? 20_000 : 800, state: isDone ? "done" : "crashed" };
  return undefined;
}

function* notPulled(): Generator<Turn, undefined> {
  yield { afterMs: 300, state: "pull-failed" };
  for (;;) yield { afterMs: firstBackOffMs, state: "pull-backing-off" };
}

function* turnsOf(behaviour: Behaviour): Generator<Turn, undefined> {
  if (behaviour === "missing") yield* notPulled();
  yield { afterMs: 200, state: "running" };
  if (behaviour === "never") return undefined;
  if (behaviour === "crash" || behaviour === "faint") yield* crashing(behaviour === "faint");
  if (behaviour === "flaky") {
    yield { afterMs: 500, state: "crashed" };
    yield { afterMs: 100, state: "backing-off" };
    yield { afterMs: firstBackOffMs, state: "running" };
  }
  yield { afterMs: behaviour === "slow" ? 20_000 : 800, state: "ready" };
  return undefined;
}

function* crashing(readyFirst: boolean): Generator<Turn, undefined> {
  for (let n = 0; ; n += 1) {
    if (readyFirst) yield { afterMs: 500, state: "ready" };
    yield { afterMs: readyFirst ? 2500 : 300, state: "crashed" };
    yield { afterMs: 50, state: "backing-off" };
    yield { afterMs: backOffs[Math.min(n, backOffs.length - 1)] ?? firstBackOffMs, state: "running" };
  }
}
