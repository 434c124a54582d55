import type { Client, KubeObject, ResourceName, WatchEvent } from "../client.ts";
import type { ApiServer, Place } from "./server.ts";
import { mergePatch } from "./patch/merge-patch.ts";

/** The server as controllers and the node see it: in this process, writing as `fieldManager`. */
export function createClient(server: ApiServer, fieldManager: string): Client {
  const place = (name: ResourceName, namespace: string, object: string): Place => ({
    resource: server.resource(name),
    namespace,
    name: object,
  });
  const placeOf = (name: ResourceName, object: KubeObject): Place =>
    place(name, object.metadata.namespace ?? "", object.metadata.name ?? "");
  return {
    get: <T extends KubeObject>(name: ResourceName, namespace: string, object: string) =>
      server.find(place(name, namespace, object)) as T | undefined,
    list: <T extends KubeObject>(name: ResourceName, namespace?: string) =>
      listOf(server, name, namespace) as readonly T[],
    create: async <T extends KubeObject>(name: ResourceName, object: T) => {
      const namespace = object.metadata.namespace ?? "";
      return server.create(server.resource(name), namespace, object, { fieldManager }) as T;
    },
    update: async <T extends KubeObject>(name: ResourceName, object: T) =>
      server.update(placeOf(name, object), () => object, { fieldManager }) as T,
    updateStatus: async <T extends KubeObject>(name: ResourceName, object: T) =>
      server.update(placeOf(name, object), () => object, { fieldManager, subresource: "status" }) as T,
    mergePatch: async <T extends KubeObject>(
      name: ResourceName,
      namespace: string,
      object: string,
      patch: object,
      subresource?: "status" | "finalize",
    ) =>
      server.update(place(name, namespace, object), (live) => mergePatch(live, patch) as KubeObject, {
        fieldManager,
        ...(subresource ? { subresource } : {}),
      }) as T,
    delete: async (name, namespace, object, options) => {
      server.delete(place(name, namespace, object), options);
    },
    watch: <T extends KubeObject>(name: ResourceName, onEvent: (event: WatchEvent<T>) => void) => {
      // What happens while the present state is told comes after it.
      let meanwhile: WatchEvent<T>[] | undefined = [];
      const stop = server.store.subscribe(server.resource(name).storedAs, ({ type, object }) => {
        const event = { type, object: object as T };
        if (meanwhile) meanwhile.push(event);
        else onEvent(event);
      });
      for (const object of listOf(server, name)) onEvent({ type: "ADDED", object: object as T });
      for (let event = meanwhile.shift(); event; event = meanwhile.shift()) onEvent(event);
      meanwhile = undefined;
      return stop;
    },
    as: (manager) => createClient(server, manager),
  };
}

function listOf(server: ApiServer, name: ResourceName, namespace?: string): readonly KubeObject[] {
  return server.store.list(server.resource(name).storedAs, namespace === undefined ? "" : `${namespace}/`);
}
