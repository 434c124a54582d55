import type { Endpoint, EndpointPort } from "kubernetes-types/discovery/v1.js";
import { isDeepStrictEqual } from "node:util";
import type { KubeObject } from "../../client.ts";
import { endpointSlices, type Service } from "../objects.ts";
import { controllerReference } from "../ownership.ts";
import { triggerAnnotation, type EndpointGroup } from "./reachable.ts";

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
/** The label by which a slice names its service. */
export const serviceLabel = "kubernetes.io/service-name";
const managedByLabel = "endpointslice.kubernetes.io/managed-by";
const manager = "endpointslice-controller.k8s.io";

/** The service whose slice this is, if the controller keeps it. */
export function serviceOf({ metadata: { labels } }: KubeObject): string | undefined {
  return labels?.[managedByLabel] === manager ? labels[serviceLabel] : undefined;
}

/** Plans the slices of a service: endpoints stay in their slice and order, new ones fill it up; one slice at least. */
export function planSlices(
  service: Service,
  groups: readonly EndpointGroup[],
  existing: readonly Slice[],
  triggerTime: string | undefined,
): SlicePlan {
  const wanted = groups.length > 0 ? groups : [{ ports: [], endpoints: [] }];
  const filled = wanted.flatMap((group) => distribute(group, existing));
  // A slice of ports that no one has any more is used again before a new one is made.
  const free = existing.filter((slice) => !filled.some((each) => each.slice === slice));
  const next = filled.map(({ slice = free.shift(), group }) => ({ slice, content: contentOf(service, group) }));
  return {
    create: next.flatMap(({ slice, content }) => (slice ? [] : newSlice(service, content, triggerTime))),
    update: next.flatMap(({ slice, content: { labels, ...content } }) => {
      const { addressType, endpoints = null, ports = null, metadata } = slice ?? {};
      const now = { addressType, endpoints, ports, labels: metadata?.labels };
      if (!slice || isDeepStrictEqual(now, { ...content, labels })) return [];
      return { ...slice, ...content, metadata: { ...slice.metadata, ...triggered(slice, triggerTime), labels } };
    }),
    remove: free,
  };
}

/** What a slice, or one that has to be made, shall hold. */
interface Filled {
  readonly slice: Slice | undefined;
  readonly group: EndpointGroup;
}

function distribute({ ports, endpoints }: EndpointGroup, existing: readonly Slice[]): readonly Filled[] {
  const left = new Map(endpoints.map((endpoint) => [identity(endpoint), endpoint]));
  const filled: { readonly slice: Slice | undefined; readonly kept: Endpoint[] }[] = existing
    .filter((slice) => isDeepStrictEqual(slice.ports ?? [], ports))
    .map((slice) => {
      const kept = (slice.endpoints ?? []).flatMap((endpoint) => left.get(identity(endpoint)) ?? []);
      for (const endpoint of kept) left.delete(identity(endpoint));
      return { slice, kept };
    });
  for (const endpoint of left.values()) {
    // The fullest that has room, so that slices become few.
    const [roomy] = filled
      .filter(({ kept }) => kept.length < sliceLimit)
      .toSorted((a, b) => b.kept.length - a.kept.length);
    if (roomy) roomy.kept.push(endpoint);
    else filled.push({ slice: undefined, kept: [endpoint] });
  }
  const used = filled.filter(({ kept }, index) => kept.length > 0 || (index === 0 && endpoints.length === 0));
  const all = used.length > 0 ? used : [{ slice: undefined, kept: [] }];
  return all.map(({ slice, kept }) => ({ slice, group: { ports, endpoints: kept } }));
}

type Content = Pick<Slice, "addressType" | "endpoints" | "ports"> & { readonly labels: Record<string, string> };

function contentOf({ metadata, spec }: Service, { ports, endpoints }: EndpointGroup): Content {
  return {
    addressType: spec.ipFamilies?.[0] ?? "IPv4",
    endpoints: endpoints.length > 0 ? endpoints : null,
    ports: ports.length > 0 ? ports : null,
    labels: {
      ...metadata.labels,
      [serviceLabel]: metadata.name ?? "",
      [managedByLabel]: manager,
      ...(spec.clusterIP === "None" && { "service.kubernetes.io/headless": "" }),
    },
  };
}

function newSlice(service: Service, { labels, ...content }: Content, triggerTime: string | undefined): Slice {
  const { namespace = "", name = "" } = service.metadata;
  const annotations = triggerTime !== undefined && { annotations: { [triggerAnnotation]: triggerTime } };
  const ownerReferences = [controllerReference(service)];
  return {
    apiVersion: `${endpointSlices.group}/v1`,
    kind: "EndpointSlice",
    metadata: { generateName: `${name}-`, namespace, labels, ...annotations, ownerReferences },
    ...content,
  };
}

function triggered({ metadata }: Slice, time: string | undefined): Pick<Slice["metadata"], "annotations"> {
  const { [triggerAnnotation]: _before, ...others } = metadata.annotations ?? {};
  return { annotations: time === undefined ? others : { ...others, [triggerAnnotation]: time } };
}

function identity(endpoint: Endpoint): string {
  return endpoint.targetRef?.uid ?? endpoint.addresses.join();
}
