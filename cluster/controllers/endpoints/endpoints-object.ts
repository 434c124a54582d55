import type { EndpointAddress, EndpointPort, EndpointSubset } from "kubernetes-types/core/v1.js";
import type { KubeObject } from "../../client.ts";
import type { Pod, Service } from "../objects.ts";
import { isReady } from "../replicaset/ranking.ts";
import { podsOf, portsOf } from "./ready-endpoints.ts";

/** The older form of a service's endpoints, one object a service. */
export interface Endpoints extends KubeObject {
  readonly subsets?: EndpointSubset[];
}

/** The Endpoints object of a service as its pods make it; pods that are terminating are not in it. */
export function endpointsObject(service: Service, pods: readonly Pod[], triggerTime: string | undefined): Endpoints {
  const { namespace = "", name = "", labels } = service.metadata;
  const published = service.spec.publishNotReadyAddresses === true;
  const groups = new Map<string, { readonly ports: EndpointPort[]; readonly ready: Pod[]; readonly notReady: Pod[] }>();
  for (const pod of podsOf(service, pods)) {
    if (pod.metadata.deletionTimestamp !== undefined && !published) continue;
    const ports = portsOf(service, pod).map(({ name, port, protocol, appProtocol }) => ({
      ...(name && { name }),
      port: port ?? 0,
      ...(protocol !== undefined && { protocol }),
      ...(appProtocol !== undefined && { appProtocol }),
    }));
    const key = JSON.stringify(ports);
    const group = groups.get(key) ?? { ports, ready: [], notReady: [] };
    (published || isReady(pod) ? group.ready : group.notReady).push(pod);
    groups.set(key, group);
  }
  const subsets = [...groups.values()].map(({ ports, ready, notReady }) => ({
    ...(ready.length > 0 && { addresses: addressesOf(service, ready) }),
    ...(notReady.length > 0 && { notReadyAddresses: addressesOf(service, notReady) }),
    ...(ports.length > 0 && { ports }),
  }));
  const headless = service.spec.clusterIP === "None" && { "service.kubernetes.io/headless": "" };
  return {
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: {
      name,
      namespace,
      labels: { ...labels, ...headless, "endpoints.kubernetes.io/managed-by": "endpoint-controller" },
      ...(triggerTime !== undefined && {
        annotations: { "endpoints.kubernetes.io/last-change-trigger-time": triggerTime },
      }),
    },
    ...(subsets.length > 0 && { subsets }),
  };
}

function addressesOf(service: Service, pods: readonly Pod[]): EndpointAddress[] {
  return pods
    .map(({ metadata: { namespace = "", name = "", uid = "" }, spec, status }) => ({
      ip: status?.podIP ?? "",
      ...(spec.hostname !== undefined && spec.subdomain === service.metadata.name && { hostname: spec.hostname }),
      ...(spec.nodeName !== undefined && { nodeName: spec.nodeName }),
      targetRef: { kind: "Pod", namespace, name, uid },
    }))
    .toSorted((a, b) => (a.ip < b.ip ? -1 : 1));
}
