import { isDeepStrictEqual } from "node:util";
import { ApiError } from "../../client.ts";
import { createController, type Controller, type Surroundings } from "../controller.ts";
import { endpoints, endpointSlices, isTerminating, keyOf, pods, services, splitKey } from "../objects.ts";
import type { Pod, Service } from "../objects.ts";
import { matchesLabels } from "../selector.ts";
import { endpointsObject, type Endpoints } from "./endpoints-object.ts";
import { groupEndpoints } from "./ready-endpoints.ts";
import { managedByLabel, planSlices, serviceLabel, sliceManager, type Slice } from "./slices.ts";
import { TriggerTimes } from "./trigger-time.ts";

/** Keeps EndpointSlices: which pods answer for each service that selects pods. Returns the stop. */
export function startEndpointSlices(surroundings: Surroundings): () => void {
  // A service that goes takes its slices along as their owner.
  return start(surroundings, "endpoint-slice-controller", { sync: syncSlices, gone: async () => {} }, (controller) => {
    controller.watch<Slice>(endpointSlices, (now, before) => {
      const { namespace = "", labels } = (now ?? before)?.metadata ?? {};
      const service = labels?.[serviceLabel];
      if (service !== undefined && labels?.[managedByLabel] === sliceManager) {
        controller.queue.add(`${namespace}/${service}`);
      }
    });
  });
}

/** Keeps the older Endpoints objects, for those who still read them. Returns the stop. */
export function startEndpoints(surroundings: Surroundings): () => void {
  return start(surroundings, "endpoint-controller", { sync: syncEndpoints, gone: removeEndpoints }, (controller) => {
    controller.watch<Endpoints>(endpoints, (now, before) => {
      if (before) controller.queue.add(keyOf(before));
      else if (now?.metadata.labels?.["endpoints.kubernetes.io/managed-by"] !== undefined) {
        controller.queue.add(keyOf(now));
      }
    });
  });
}

type Sync = (controller: Controller, key: string, service: Service, triggerTime: string | undefined) => Promise<void>;

interface Writer {
  readonly sync: Sync;
  readonly gone: (controller: Controller, key: string) => Promise<void>;
}

function start(
  surroundings: Surroundings,
  name: string,
  writer: Writer,
  watch: (controller: Controller) => void,
): () => void {
  const times = new TriggerTimes();
  const controller = createController(surroundings, name, async (controller, key) => {
    const { namespace, name } = splitKey(key);
    const service = controller.client.get<Service>(services, namespace, name);
    if (!service) {
      times.forget(key);
      return writer.gone(controller, key);
    }
    // A service without selector is filled by whoever made it.
    if (!service.spec.selector || isTerminating(service)) return;
    const { selector } = service.spec;
    const selected = controller.client
      .list<Pod>(pods, namespace)
      .filter(({ metadata }) => matchesLabels(selector, metadata.labels));
    await writer.sync(controller, key, service, times.next(key, service, selected));
  });
  const { client, queue } = controller;
  controller.watch<Service>(services, (now, before) => {
    const service = now ?? before;
    if (service) queue.add(keyOf(service));
  });
  controller.watch<Pod>(pods, (now, before) => {
    if (now && before && !concernsEndpoints(now, before)) return;
    const labels = [now?.metadata.labels, before?.metadata.labels];
    for (const service of client.list<Service>(services, (now ?? before)?.metadata.namespace)) {
      const { selector } = service.spec;
      if (selector && labels.some((each) => each && matchesLabels(selector, each))) queue.add(keyOf(service));
    }
  });
  watch(controller);
  return controller.stop;
}

function concernsEndpoints(now: Pod, before: Pod): boolean {
  const view = ({ metadata, spec, status }: Pod): unknown => [
    metadata.labels,
    metadata.deletionTimestamp === undefined,
    spec.nodeName,
    status?.podIP,
    status?.phase,
    status?.conditions?.find(({ type }) => type === "Ready"),
  ];
  return !isDeepStrictEqual(view(now), view(before));
}

async function syncSlices(
  { client }: Controller,
  key: string,
  service: Service,
  triggerTime: string | undefined,
): Promise<void> {
  const { namespace, name } = splitKey(key);
  const all = client.list<Pod>(pods, namespace);
  const existing = client
    .list<Slice>(endpointSlices, namespace)
    .filter(({ metadata: { labels } }) => labels?.[serviceLabel] === name && labels[managedByLabel] === sliceManager);
  const plan = planSlices(service, groupEndpoints(service, all), existing, triggerTime);
  for (const slice of plan.update) await client.update(endpointSlices, slice);
  for (const slice of plan.create) await client.create(endpointSlices, slice);
  for (const { metadata } of plan.remove) {
    await client.delete(endpointSlices, namespace, metadata.name ?? "").catch(ignoreGone);
  }
}

async function syncEndpoints(
  { client }: Controller,
  key: string,
  service: Service,
  triggerTime: string | undefined,
): Promise<void> {
  const { namespace, name } = splitKey(key);
  const wanted = endpointsObject(service, client.list<Pod>(pods, namespace), triggerTime);
  const current = client.get<Endpoints>(endpoints, namespace, name);
  if (!current) {
    await client.create(endpoints, wanted);
    return;
  }
  const same =
    isDeepStrictEqual(current.subsets ?? [], wanted.subsets ?? []) &&
    isDeepStrictEqual(current.metadata.labels, wanted.metadata.labels);
  if (same) return;
  const { resourceVersion = "" } = current.metadata;
  await client.update(endpoints, { ...wanted, metadata: { ...wanted.metadata, resourceVersion } });
}

async function removeEndpoints({ client }: Controller, key: string): Promise<void> {
  const { namespace, name } = splitKey(key);
  const current = client.get<Endpoints>(endpoints, namespace, name);
  if (!current?.metadata.labels?.["endpoints.kubernetes.io/managed-by"]) return;
  await client.delete(endpoints, namespace, name).catch(ignoreGone);
}

function ignoreGone(error: unknown): void {
  if (!(error instanceof ApiError && error.code === 404)) throw error;
}
