import { askedKube } from "./asked-kube.ts";
import type { Kube, KubeAnswer, KubeRefusal, WatchMessage, WatchTarget } from "./kube.ts";
import { unreachable } from "./refusal.ts";

/** How often what goes wrong; each a chance from 0 to 1. `random` comes from a seed, so that a run can be repeated. */
export interface KubeFaults {
  readonly random: () => number;
  /** A request is lost on the way: nothing happened, and there is no answer. */
  readonly before: number;
  /** A request is executed, and its answer is lost. */
  readonly after: number;
  /** A request is turned away with 429. */
  readonly throttled: number;
  /** A watch breaks off instead of telling a change, and begins again with the whole list. */
  readonly watchBreak: number;
}

/**
 * The same door with faults: what a network and a busy API server do to every client, in one place, for the engine on a
 * clock that is turned and without sockets. `cluster/faults` is for real sockets and every other client.
 */
export function faultyKube(kube: Kube, faults: KubeFaults): Kube {
  async function ask<T>(request: () => Promise<KubeAnswer<T>>): Promise<KubeAnswer<T>> {
    // The dice are thrown in the same order whatever comes of them, so that one seed is one schedule.
    const [lost, unheard, throttled] = [faults.random(), faults.random(), faults.random()];
    if (lost < faults.before) return { ok: false, refusal: unreachable("the request was lost") };
    if (throttled < faults.throttled) return { ok: false, refusal: tooMany };
    const answer = await request();
    return unheard < faults.after ? { ok: false, refusal: unreachable("the answer was lost") } : answer;
  }
  return {
    ...askedKube(kube, (_, send) => ask(send)),
    resource: (apiVersion, kind) => ask(() => kube.resource(apiVersion, kind)),
    watch(target, onMessage, signal) {
      watchBreaking(kube, faults, target, onMessage, signal);
    },
    raw: async (path, bounds) => {
      if (faults.random() < faults.before) return { status: 0, body: "the request was lost", headers: {} };
      return kube.raw(path, bounds);
    },
  };
}

const tooMany: KubeRefusal = {
  code: 429,
  reason: "TooManyRequests",
  message: "the server has received too many requests",
  causes: [],
};

/** Instead of a change, the watch says that it broke; the new one's list carries the change that was not told. */
function watchBreaking(
  kube: Kube,
  faults: KubeFaults,
  target: WatchTarget,
  onMessage: (message: WatchMessage) => void,
  signal: AbortSignal,
): void {
  const ended = new AbortController();
  const end = (): void => ended.abort();
  signal.addEventListener("abort", end, { once: true, signal: ended.signal });
  if (signal.aborted) return;
  kube.watch(
    target,
    (message) => {
      if (ended.signal.aborted) return;
      const isChange = message.type === "changed" || message.type === "deleted";
      if (!isChange || faults.random() >= faults.watchBreak) {
        onMessage(message);
        return;
      }
      ended.abort();
      onMessage({ type: "trouble", refusal: unreachable("the watch broke off") });
      watchBreaking(kube, faults, target, onMessage, signal);
    },
    ended.signal,
  );
}
