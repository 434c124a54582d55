import type { Client, KubeObject, ResourceName } from "../client.ts";
import type { Clock } from "../clock.ts";
import { recordEvents, type RecordEvent } from "../events.ts";
import { keyOf } from "./objects.ts";
import { WorkQueue } from "./work-queue.ts";

/** What every controller works with. */
export interface Surroundings {
  readonly client: Client;
  readonly clock: Clock;
  /** Is told of every error that sends a key back to its queue. */
  readonly report: (controller: string, key: string, error: unknown) => void;
}

/** A controller at work: its doors, its queue, and the watches that it must end. */
export interface Controller extends Surroundings {
  readonly queue: WorkQueue;
  readonly event: RecordEvent;
  /** Watches a kind; `changed` gets the object now (undefined: gone) and as it was before (undefined: new). */
  watch<T extends KubeObject>(
    resource: ResourceName,
    changed: (now: T | undefined, before: T | undefined) => void,
  ): void;
  readonly stop: () => void;
}

/** Sets up a controller named as its events name it; `sync` reconciles one key. */
export function createController(
  surroundings: Surroundings,
  name: string,
  sync: (controller: Controller, key: string) => Promise<void>,
): Controller {
  const ends: (() => void)[] = [];
  const queue = new WorkQueue({
    clock: surroundings.clock,
    sync: (key) => sync(controller, key),
    report: (key, error) => {
      surroundings.report(name, key, error);
    },
  });
  const controller: Controller = {
    ...surroundings,
    queue,
    event: recordEvents(surroundings.client, surroundings.clock, name).record,
    watch(resource, changed) {
      ends.push(observe(surroundings.client, resource, changed));
    },
    stop() {
      for (const end of ends) end();
      queue.stop();
    },
  };
  return controller;
}

/** Watches a kind and remembers each object's last state, so that a change can be compared with it. */
export function observe<T extends KubeObject>(
  client: Client,
  resource: ResourceName,
  changed: (now: T | undefined, before: T | undefined) => void,
): () => void {
  const known = new Map<string, T>();
  return client.watch<T>(resource, ({ type, object }) => {
    const key = keyOf(object);
    const before = known.get(key);
    if (type === "DELETED") known.delete(key);
    else known.set(key, object);
    changed(type === "DELETED" ? undefined : object, type === "DELETED" ? object : before);
  });
}
