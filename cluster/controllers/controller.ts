import { isDeepStrictEqual } from "node:util";
import { ApiError, type Client, type DeleteOptions, type KubeObject, type ResourceName } from "../client.ts";
import type { Clock } from "../clock.ts";
import { recordEvents, type RecordEvent } from "../events.ts";
import type { Change, Informers } from "./informers.ts";
import { keyOf } from "./objects.ts";
import { WorkQueue } from "./work-queue.ts";

/** What every controller works with. */
export interface Surroundings {
  readonly client: Client;
  readonly clock: Clock;
  readonly informers: Informers;
  /** Is told of every error that sends a key back to its queue. */
  readonly report: (controller: string, key: string, error: unknown) => void;
}

/** A controller at work: the doors that it shares with the others, its own queue, and the voice of its events. */
export interface Controller extends Omit<Surroundings, "report"> {
  readonly queue: WorkQueue;
  readonly event: RecordEvent;
  /** Queues what a change of a kind concerns; by default the object itself. */
  watch<T extends KubeObject>(resource: ResourceName, keysOf?: (change: Change<T>) => Iterable<string>): void;
}

/** Reconciles one key, given in its two parts; the namespace is "" where the key has none. */
export type Sync = (namespace: string, name: string) => Promise<void>;

/** Starts a controller under the name that its events carry; `setUp` says what it watches and how it reconciles. */
export function startController(
  surroundings: Surroundings,
  name: string,
  setUp: (controller: Controller) => Sync,
): () => void {
  const { client, clock, informers, report } = surroundings;
  const queue = new WorkQueue({
    clock,
    sync: (key) => {
      const slash = key.indexOf("/");
      return sync(key.slice(0, Math.max(0, slash)), key.slice(slash + 1));
    },
    report: (key, error) => {
      report(name, key, error);
    },
  });
  const sync = setUp({
    client,
    clock,
    informers,
    queue,
    event: recordEvents(client, clock, name).record,
    watch<T extends KubeObject>(
      resource: ResourceName,
      keysOf: (change: Change<T>) => Iterable<string> = ({ object }) => [keyOf(object)],
    ) {
      informers.listen((change, { name }) => {
        if (name.resource !== resource.resource || name.group !== resource.group) return;
        for (const key of keysOf(change as Change<T>)) queue.add(key);
      });
    },
  });
  return () => {
    queue.stop();
  };
}

/** Writes a status that differs from the object's; gives the object as it is then. */
export async function writeStatus<T extends KubeObject & { readonly status?: object }>(
  { client }: Pick<Controller, "client">,
  resource: ResourceName,
  object: T,
  status: NonNullable<T["status"]>,
): Promise<T> {
  return isDeepStrictEqual(status, object.status) ? object : client.updateStatus(resource, { ...object, status });
}

/** Deletes just this object, if it is still there. */
export async function remove(
  { client }: Pick<Controller, "client">,
  resource: ResourceName,
  { metadata: { namespace = "", name = "", uid = "" } }: KubeObject,
  options: DeleteOptions = {},
): Promise<void> {
  await client.delete(resource, namespace, name, { ...options, uid }).catch(ignoreGone);
}

/** Lets a refusal pass that says that the object has gone or is another one by now. */
export function ignoreGone(error: unknown): undefined {
  if (!(error instanceof ApiError && (error.code === 404 || error.code === 409))) throw error;
}
