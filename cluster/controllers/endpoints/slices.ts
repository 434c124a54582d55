import type { Endpoint, EndpointPort } from "kubernetes-types/discovery/v1.js";
import { isDeepStrictEqual } from "node:util";
import type { KubeObject } from "../../client.ts";
import { endpointSlices, type Service } from "../objects.ts";
import { controllerReference } from "../ownership.ts";
import type { EndpointGroup } from "./ready-endpoints.ts";

/** An EndpointSlice as the API server keeps it; lists that are empty are null there. */
export interface Slice extends KubeObject {
  readonly addressType: string;
  readonly endpoints: readonly Endpoint[] | null;
  readonly ports: readonly EndpointPort[] | null;
}

/** What must be written so that slices say what they should. */
export interface SlicePlan {
  readonly create: readonly Slice[];
  readonly update: readonly Slice[];
  readonly remove: readonly Slice[];
}

/** The most endpoints of one slice. */
const sliceLimit = 100;
export const serviceLabel = "kubernetes.io/service-name";
export const managedByLabel = "endpointslice.kubernetes.io/managed-by";
export const sliceManager = "endpointslice-controller.k8s.io";
const triggerAnnotation = "endpoints.kubernetes.io/last-change-trigger-time";

/** Plans the slices of a service: endpoints stay in their slice and order, new ones fill it up; one slice at least. */
export function planSlices(
  service: Service,
  groups: readonly EndpointGroup[],
  existing: readonly Slice[],
  triggerTime: string | undefined,
): SlicePlan {
  const wanted = groups.length > 0 ? groups : [{ ports: [], endpoints: [] }];
  const free = [...existing];
  const contents: Filled[] = [];
  for (const group of wanted) {
    const own = free.filter((slice) => isDeepStrictEqual(slice.ports ?? [], group.ports));
    const distributed = distribute(group, own);
    for (const { slice } of distributed) if (slice) free.splice(free.indexOf(slice), 1);
    contents.push(...distributed);
  }
  // A slice of ports that no one has any more is used again before a new one is made.
  const settled = contents.map(({ slice, group }) => ({ slice: slice ?? free.shift(), group }));
  const next = settled.map(({ slice, group }) => ({ slice, content: contentOf(service, group) }));
  return {
    create: next.flatMap(({ slice, content }) => (slice ? [] : [newSlice(service, content, triggerTime)])),
    update: next.flatMap(({ slice, content }) => {
      if (!slice || sameContent(slice, content)) return [];
      const { labels, ...rest } = content;
      return [{ ...slice, ...rest, metadata: { ...triggered(slice.metadata, triggerTime), labels } }];
    }),
    remove: free,
  };
}

/** What a slice, or one that has to be made, shall hold. */
interface Filled {
  readonly slice: Slice | undefined;
  readonly group: EndpointGroup;
}

function distribute(group: EndpointGroup, slices: readonly Slice[]): readonly Filled[] {
  const left = new Map(group.endpoints.map((endpoint) => [identity(endpoint), endpoint]));
  const filled: { readonly slice: Slice | undefined; readonly endpoints: Endpoint[] }[] = slices.map((slice) => {
    const endpoints = (slice.endpoints ?? []).flatMap((endpoint) => {
      const kept = left.get(identity(endpoint));
      left.delete(identity(endpoint));
      return kept ?? [];
    });
    return { slice, endpoints };
  });
  for (const endpoint of left.values()) {
    // The fullest that has room, so that slices become few.
    const [roomy] = filled
      .filter(({ endpoints }) => endpoints.length < sliceLimit)
      .toSorted((a, b) => b.endpoints.length - a.endpoints.length);
    if (roomy) roomy.endpoints.push(endpoint);
    else filled.push({ slice: undefined, endpoints: [endpoint] });
  }
  const used = filled.filter(({ endpoints }) => endpoints.length > 0);
  const kept = used.length > 0 ? used : [filled[0] ?? { slice: undefined, endpoints: [] }];
  return kept.map(({ slice, endpoints }) => ({ slice, group: { ports: group.ports, endpoints } }));
}

interface Content {
  readonly addressType: string;
  readonly endpoints: readonly Endpoint[] | null;
  readonly ports: readonly EndpointPort[] | null;
  readonly labels: Readonly<Record<string, string>>;
}

function contentOf(service: Service, { ports, endpoints }: EndpointGroup): Content {
  const addressType = service.spec.ipFamilies?.[0] ?? "IPv4";
  const labels = {
    ...service.metadata.labels,
    [serviceLabel]: service.metadata.name ?? "",
    [managedByLabel]: sliceManager,
    ...(service.spec.clusterIP === "None" && { "service.kubernetes.io/headless": "" }),
  };
  return {
    addressType,
    endpoints: endpoints.length > 0 ? endpoints : null,
    ports: ports.length > 0 ? ports : null,
    labels,
  };
}

function newSlice(service: Service, { labels, ...content }: Content, triggerTime: string | undefined): Slice {
  const { namespace = "", name = "" } = service.metadata;
  return {
    apiVersion: `${endpointSlices.group}/v1`,
    kind: "EndpointSlice",
    metadata: {
      generateName: `${name}-`,
      namespace,
      labels,
      ...(triggerTime !== undefined && { annotations: { [triggerAnnotation]: triggerTime } }),
      ownerReferences: [controllerReference(service)],
    },
    ...content,
  };
}

function triggered(before: Slice["metadata"], time: string | undefined): Slice["metadata"] {
  const { annotations: { [triggerAnnotation]: _before, ...others } = {}, ...metadata } = before;
  const annotations = time === undefined ? others : { ...others, [triggerAnnotation]: time };
  return Object.keys(annotations).length > 0 ? { ...metadata, annotations } : metadata;
}

function sameContent(slice: Slice, content: Content): boolean {
  return (
    isDeepStrictEqual(slice.endpoints ?? null, content.endpoints) &&
    isDeepStrictEqual(slice.ports ?? null, content.ports) &&
    isDeepStrictEqual(slice.metadata.labels, content.labels)
  );
}

function identity(endpoint: Endpoint): string {
  return endpoint.targetRef?.uid ?? endpoint.addresses.join();
}
