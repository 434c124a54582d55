import { setMaxListeners } from "node:events";
import { askedKube } from "../../src/io/kube/asked-kube.ts";
import { faultyKube } from "../../src/io/kube/faulty-kube.ts";
import type { Kube, KubeAnswer, WatchMessage, WatchTarget } from "../../src/io/kube/kube.ts";
import { unreachable } from "../../src/io/kube/refusal.ts";
import type { Weather } from "./weather.ts";
import type { Wire } from "./wire.ts";

/** About how long a request takes, and how long it takes to see that nobody answers, in milliseconds. */
const requestMs = 20;
const silenceMs = 2000;

/** A process's door to the API server: every request goes over the wire, in any weather. */
export function kubeDoor(kube: Kube, wire: Wire, weather: Weather, random: () => number): Kube {
  const ask = async <T>(work: () => Promise<KubeAnswer<T>>): Promise<KubeAnswer<T>> => {
    if (!weather.isApiUp) return wire.send(silenceMs, async () => ({ ok: false, refusal: unreachable("it is down") }));
    const answer = await wire.send(requestMs, work);
    return weather.isApiUp ? answer : { ok: false, refusal: unreachable("the connection broke off") };
  };
  const wired: Kube = {
    ...askedKube(kube, (_, send) => ask(send)),
    resource: (apiVersion, kind) => wire.local(() => kube.resource(apiVersion, kind)),
    watch: (target, onMessage, signal) => {
      watch(kube, target, { wire, weather, onMessage, signal });
    },
    raw: (path, bounds) => wire.send(requestMs, () => kube.raw(path, bounds)),
    close: () => undefined,
  };
  const faults = {
    random,
    get before() {
      return weather.faults / 2;
    },
    get after() {
      return weather.faults / 2;
    },
    get throttled() {
      return weather.faults / 4;
    },
    get watchBreak() {
      return weather.faults;
    },
  };
  return faultyKube(wired, faults);
}

interface Watching {
  readonly wire: Wire;
  readonly weather: Weather;
  readonly onMessage: (message: WatchMessage) => void;
  readonly signal: AbortSignal;
}

/** A watch that breaks off when the API server goes, and begins again with the whole list when it comes. */
function watch(kube: Kube, target: WatchTarget, { wire, weather, onMessage, signal }: Watching): void {
  if (signal.aborted) return;
  setMaxListeners(0, wire.ended);
  let current = new AbortController();
  const begin = (): void => {
    if (signal.aborted) return;
    current.abort();
    current = new AbortController();
    const { signal: ofThis } = current;
    const tell = (message: WatchMessage): void => {
      wire.arrive(() => {
        if (!ofThis.aborted) onMessage(message);
      });
    };
    if (weather.isApiUp) kube.watch(target, tell, ofThis);
    else tell({ type: "trouble", refusal: unreachable("the watch broke off") });
  };
  const stop = weather.onApi(begin);
  const end = (): void => {
    stop();
    current.abort();
  };
  for (const ending of [signal, wire.ended]) ending.addEventListener("abort", end, { once: true });
  begin();
}
