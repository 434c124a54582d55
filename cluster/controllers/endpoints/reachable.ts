import type { EndpointAddress, EndpointSubset } from "kubernetes-types/core/v1.js";
import type { Endpoint, EndpointPort } from "kubernetes-types/discovery/v1.js";
import type { KubeObject } from "../../client.ts";
import { groupBy, type Pod, type Service } from "../objects.ts";
import { isOver, isReady } from "../pod-control.ts";

/** The endpoints that answer on the same ports. */
export interface EndpointGroup {
  readonly ports: readonly EndpointPort[];
  readonly endpoints: readonly Endpoint[];
}

/** The older form of a service's endpoints, one object a service. */
export interface Endpoints extends KubeObject {
  readonly subsets?: readonly EndpointSubset[];
}

/** When a service or its pods last changed, in both forms. */
export const triggerAnnotation = "endpoints.kubernetes.io/last-change-trigger-time";

/** A service's endpoints by the port numbers that its pods have: named ports may differ from pod to pod. */
export function groupEndpoints(service: Service, selected: readonly Pod[]): readonly EndpointGroup[] {
  const reachable = selected.filter((pod) => pod.status?.podIP && !isOver(pod));
  const groups = groupBy(
    reachable.map((pod) => [portsOf(service, pod), endpointOf(service, pod)] as const),
    ([ports]) => JSON.stringify(ports),
  );
  return [...groups.values()].map((members) => ({
    ports: members[0]?.[0] ?? [],
    endpoints: members.map(([, endpoint]) => endpoint),
  }));
}

/** A service's ports as a pod has them; a named port that the pod does not know is left out. */
function portsOf({ spec }: Service, pod: Pod): readonly EndpointPort[] {
  const known = pod.spec.containers.flatMap(({ ports }) => ports ?? []);
  return (spec.ports ?? []).flatMap(({ name = "", protocol = "TCP", port, targetPort = port, appProtocol }) => {
    const named = known.find((each) => each.name === targetPort && (each.protocol ?? "TCP") === protocol);
    const number = typeof targetPort === "number" ? targetPort : named?.containerPort;
    return number === undefined ? [] : { name, protocol, port: number, ...(appProtocol && { appProtocol }) };
  });
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
    ...(hostname && subdomain === service.metadata.name && { hostname }),
    targetRef: { kind: "Pod", namespace, name, uid },
    ...(nodeName && { nodeName }),
  };
}

/** The older object, Endpoints. It says the same, but holds pods on their way out only where the service wants them. */
export function endpointsObject(
  service: Service,
  groups: readonly EndpointGroup[],
  triggerTime: string | undefined,
): Endpoints {
  const { namespace = "", name = "", labels } = service.metadata;
  const isHeadless = service.spec.clusterIP === "None";
  const subsets = groups
    .filter(({ ports }) => ports.length > 0 || (isHeadless && !service.spec.ports))
    .map((group) => subsetOf(group, service.spec.publishNotReadyAddresses === true))
    .filter(({ addresses, notReadyAddresses }) => addresses ?? notReadyAddresses);
  return {
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: {
      name,
      namespace,
      labels: {
        ...labels,
        ...(isHeadless && { "service.kubernetes.io/headless": "" }),
        "endpoints.kubernetes.io/managed-by": "endpoint-controller",
      },
      ...(triggerTime !== undefined && { annotations: { [triggerAnnotation]: triggerTime } }),
    },
    ...(subsets.length > 0 && { subsets }),
  };
}

function subsetOf({ ports, endpoints }: EndpointGroup, all: boolean): EndpointSubset {
  const addressesOf = (ready: boolean): EndpointAddress[] =>
    endpoints
      .filter(({ conditions }) => conditions?.ready === ready && (all || conditions.terminating === false))
      .map(({ addresses: [ip = ""], hostname, nodeName, targetRef }) => ({
        ip,
        ...(hostname && { hostname }),
        ...(nodeName && { nodeName }),
        ...(targetRef && { targetRef }),
      }))
      .toSorted((a, b) => (a.ip < b.ip ? -1 : 1));
  const [addresses, notReadyAddresses] = [addressesOf(true), addressesOf(false)];
  return {
    ...(addresses.length > 0 && { addresses }),
    ...(notReadyAddresses.length > 0 && { notReadyAddresses }),
    ...(ports.length > 0 && {
      ports: ports.map(({ name, port = 0, ...rest }) => ({ ...(name && { name }), port, ...rest })),
    }),
  };
}
