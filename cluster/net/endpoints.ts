import type { Service } from "kubernetes-types/core/v1.js";
import type { EndpointSlice } from "kubernetes-types/discovery/v1.js";
import type { Client, KubeObject, ResourceName } from "../client.ts";

/** One place where a service's port is answered. */
export interface Endpoint {
  readonly ip: string;
  readonly port: number;
}

/** A service as this room reads it. */
export type ServiceObject = KubeObject & Pick<Service, "spec">;

type Slice = KubeObject & EndpointSlice;

const slicesResource: ResourceName = { group: "discovery.k8s.io", resource: "endpointslices" };
const podsResource: ResourceName = { group: "", resource: "pods" };

/** What the watches say of who answers for a service. */
export interface Endpoints {
  /** The ready endpoints of a service's port (by the port's name, "" when it has none), in a fixed order. */
  ready(namespace: string, service: string, portName: string): readonly Endpoint[];
  /** Nothing new goes to this address from now on, until its pod is gone. */
  withdraw(ip: string): void;
  stop(): void;
}

/** Watches EndpointSlices, and pods so that one that is being deleted is left out at once. */
export function watchEndpoints(client: Client): Endpoints {
  const slices = new Map<string, Map<string, Slice>>();
  /** By address, the pod that told of it last. */
  const owners = new Map<string, string>();
  /** By address, the pod that leaves. */
  const leaving = new Map<string, string>();

  const stopSlices = client.watch<Slice>(slicesResource, ({ type, object }) => {
    const { namespace, name = "", labels } = object.metadata;
    const key = `${namespace}/${labels?.["kubernetes.io/service-name"]}`;
    const ofService = slices.get(key) ?? new Map<string, Slice>();
    slices.set(key, ofService);
    if (type === "DELETED") ofService.delete(name);
    else ofService.set(name, object);
    if (ofService.size === 0) slices.delete(key);
  });
  const stopPods = client.watch<PodObject>(podsResource, ({ type, object }) => {
    const ip = object.status?.podIP;
    const { uid = "", deletionTimestamp } = object.metadata;
    if (ip === undefined) return;
    if (type === "DELETED") {
      // An address may be another pod's by now.
      if (owners.get(ip) === uid) owners.delete(ip);
      if (leaving.get(ip) === uid) leaving.delete(ip);
      return;
    }
    owners.set(ip, uid);
    if (deletionTimestamp !== undefined) leaving.set(ip, uid);
    else if (leaving.get(ip) !== uid) leaving.delete(ip);
  });

  return {
    ready(namespace, service, portName) {
      const found = new Map<string, Endpoint>();
      for (const { endpoints, ports = [] } of slices.get(`${namespace}/${service}`)?.values() ?? []) {
        const port = ports.find(({ name }) => (name ?? "") === portName)?.port;
        if (port === undefined) continue;
        for (const { addresses, conditions } of endpoints) {
          const [ip] = addresses;
          if (ip === undefined || leaving.has(ip)) continue;
          if (conditions?.ready === false || conditions?.terminating === true) continue;
          found.set(ip, { ip, port });
        }
      }
      return [...found.values()].toSorted((a, b) => (a.ip < b.ip ? -1 : 1));
    },
    withdraw(ip) {
      // An address that no pod has told of yet is behind no service.
      const uid = owners.get(ip);
      if (uid !== undefined) leaving.set(ip, uid);
    },
    stop() {
      stopSlices();
      stopPods();
    },
  };
}

interface PodObject extends KubeObject {
  readonly status?: { readonly podIP?: string };
}
