import type { Pod, Service } from "../objects.ts";

/** What a service and its pods looked like at the last pass. */
interface Seen {
  readonly service: string;
  readonly pods: ReadonlyMap<string, string>;
}

/** Tells which change of a service or its pods made a pass necessary, so that the delay of endpoints can be measured. */
export class TriggerTimes {
  readonly #seen = new Map<string, Seen>();

  /** The time of the earliest change since the last call for the key; undefined where none has a later time. */
  next(key: string, service: Service, pods: readonly Pod[]): string | undefined {
    const before = this.#seen.get(key);
    const now: Seen = {
      service: service.metadata.creationTimestamp ?? "",
      pods: new Map(pods.map((pod) => [pod.metadata.name ?? "", readySince(pod)])),
    };
    this.#seen.set(key, now);
    const changes = [...now.pods]
      .filter(([name, time]) => time > (before?.pods.get(name) ?? ""))
      .map(([, time]) => time);
    if (now.service > (before?.service ?? "")) changes.push(now.service);
    return changes.toSorted()[0];
  }

  /** Forgets a service that has gone. */
  forget(key: string): void {
    this.#seen.delete(key);
  }
}

function readySince(pod: Pod): string {
  return pod.status?.conditions?.find(({ type }) => type === "Ready")?.lastTransitionTime ?? "";
}
