import type { Endpoint, EndpointPort } from "kubernetes-types/discovery/v1.js";
import type { Pod, Service } from "../objects.ts";
import { isReady } from "../replicaset/ranking.ts";
import { matchesLabels } from "../selector.ts";

/** The endpoints that answer on the same ports. */
export interface EndpointGroup {
  readonly ports: readonly EndpointPort[];
  readonly endpoints: readonly Endpoint[];
}

/** The pods that a service stands for and that can be reached: they have an address and have not ended. */
export function podsOf(service: Service, pods: readonly Pod[]): readonly Pod[] {
  const { selector } = service.spec;
  if (!selector || service.spec.type === "ExternalName") return [];
  return pods.filter(({ metadata, status }) => {
    const over = status?.phase === "Succeeded" || status?.phase === "Failed";
    return matchesLabels(selector, metadata.labels) && status?.podIP && !over;
  });
}

/** A service's endpoints by the port numbers that their pods have: named ports may differ from pod to pod. */
export function groupEndpoints(service: Service, pods: readonly Pod[]): readonly EndpointGroup[] {
  const groups = new Map<string, { readonly ports: readonly EndpointPort[]; readonly endpoints: Endpoint[] }>();
  for (const pod of podsOf(service, pods)) {
    const ports = portsOf(service, pod);
    const key = JSON.stringify(ports);
    const group = groups.get(key) ?? { ports, endpoints: [] };
    group.endpoints.push(endpointOf(service, pod));
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** A service's ports as a pod has them; a named port that the pod does not know is left out. */
export function portsOf(service: Service, pod: Pod): readonly EndpointPort[] {
  return (service.spec.ports ?? []).flatMap((servicePort) => {
    const { name = "", protocol = "TCP", port, targetPort = port, appProtocol } = servicePort;
    const number = typeof targetPort === "number" ? targetPort : namedPort(pod, targetPort, protocol);
    if (number === undefined) return [];
    return [{ name, protocol, port: number, ...(appProtocol !== undefined && { appProtocol }) }];
  });
}

function namedPort(pod: Pod, name: string, protocol: string): number | undefined {
  return pod.spec.containers
    .flatMap(({ ports }) => ports ?? [])
    .find((port) => port.name === name && (port.protocol ?? "TCP") === protocol)?.containerPort;
}

function endpointOf(service: Service, pod: Pod): Endpoint {
  const { namespace = "", name = "", uid = "", deletionTimestamp } = pod.metadata;
  const serving = isReady(pod);
  const terminating = deletionTimestamp !== undefined;
  const ready = service.spec.publishNotReadyAddresses === true || (serving && !terminating);
  const { nodeName, hostname, subdomain } = pod.spec;
  return {
    addresses: [pod.status?.podIP ?? ""],
    conditions: { ready, serving, terminating },
    ...(hostname !== undefined && subdomain === service.metadata.name && { hostname }),
    targetRef: { kind: "Pod", namespace, name, uid },
    ...(nodeName !== undefined && { nodeName }),
  };
}
