import { isDeepStrictEqual } from "node:util";
import { remove, type Controller, type Sync } from "../controller.ts";
import {
  endpoints,
  endpointSlices,
  isTerminating,
  keyOf,
  pods,
  services,
  type Pod,
  type Service,
  matches,
} from "../objects.ts";
import { readyCondition } from "../pod-control.ts";
import { endpointsObject, groupEndpoints, type Endpoints } from "./reachable.ts";
import { planSlices, serviceOf, type Slice } from "./slices.ts";

/** Keeps which pods answer for each service that selects pods: in EndpointSlices, and in the older Endpoints. */
export function endpointsController(controller: Controller): Sync {
  const { client } = controller;
  const seen = new Map<string, Times>();
  controller.watch<Service>(services);
  controller.watch<Pod>(pods, ({ object, now, before }) => {
    if (now && before && isDeepStrictEqual(concerns(now), concerns(before))) return [];
    const labels = [now, before].map((pod) => pod?.metadata.labels ?? {});
    return client
      .list<Service>(services, object.metadata.namespace)
      .filter(({ spec }) => labels.some((each) => spec.selector && matches({ matchLabels: spec.selector }, each)))
      .map(keyOf);
  });
  controller.watch<Slice>(endpointSlices, ({ object }) => {
    const service = serviceOf(object);
    return service === undefined ? [] : [`${object.metadata.namespace ?? ""}/${service}`];
  });
  controller.watch<Endpoints>(endpoints, ({ object, before }) => (before || isOurs(object) ? [keyOf(object)] : []));
  return (namespace, name) => syncService(controller, seen, namespace, name);
}

/** What of a pod is told to those who connect to it. */
function concerns(pod: Pod): unknown {
  const { metadata, spec, status } = pod;
  return [metadata.labels, isTerminating(pod), spec.nodeName, status?.podIP, status?.phase, readyCondition(pod)];
}

function isOurs({ metadata }: Endpoints): boolean {
  return metadata.labels?.["endpoints.kubernetes.io/managed-by"] !== undefined;
}

async function syncService(
  controller: Controller,
  seen: Map<string, Times>,
  namespace: string,
  name: string,
): Promise<void> {
  const { client } = controller;
  const service = client.get<Service>(services, namespace, name);
  const current = client.get<Endpoints>(endpoints, namespace, name);
  if (!service) {
    seen.delete(`${namespace}/${name}`);
    // Its slices go with their owner.
    if (current && isOurs(current)) await remove(controller, endpoints, current);
    return;
  }
  const { selector, type } = service.spec;
  // A service without selector is filled by whoever made it.
  if (!selector || type === "ExternalName" || isTerminating(service)) return;
  const selected = client
    .list<Pod>(pods, namespace)
    .filter(({ metadata }) => matches({ matchLabels: selector }, metadata.labels));
  const times = timesOf(service, selected);
  const triggerTime = firstLater(times, seen.get(keyOf(service)));
  seen.set(keyOf(service), times);

  const groups = groupEndpoints(service, selected);
  const existing = client.list<Slice>(endpointSlices, namespace).filter((slice) => serviceOf(slice) === name);
  const plan = planSlices(service, groups, existing, triggerTime);
  for (const slice of plan.update) await client.update(endpointSlices, slice);
  for (const slice of plan.create) await client.create(endpointSlices, slice);
  for (const slice of plan.remove) await remove(controller, endpointSlices, slice);

  const wanted = endpointsObject(service, groups, triggerTime);
  const told = ({ subsets, metadata }: Endpoints): unknown => [subsets, metadata.labels];
  if (!current) await client.create(endpoints, wanted);
  else if (!isDeepStrictEqual(told(current), told(wanted))) {
    const { resourceVersion = "" } = current.metadata;
    await client.update(endpoints, { ...wanted, metadata: { ...wanted.metadata, resourceVersion } });
  }
}

/** When the service came to be ("") and its pods, by name, became ready or not. */
type Times = ReadonlyMap<string, string>;

function timesOf({ metadata }: Service, selected: readonly Pod[]): Times {
  const ready = selected.map(
    (pod) => [pod.metadata.name ?? "", readyCondition(pod)?.lastTransitionTime ?? ""] as const,
  );
  return new Map([["", metadata.creationTimestamp ?? ""], ...ready]);
}

/** The earliest of the changes since the last pass, by which the delay of endpoints can be measured. */
function firstLater(times: Times, before: Times | undefined): string | undefined {
  return [...times]
    .filter(([name, time]) => time > (before?.get(name) ?? ""))
    .map(([, time]) => time)
    .toSorted()[0];
}
