import { ApiError, type ResourceName } from "../../client.ts";
import type { JsonMap } from "../json.ts";
import type { ApiServer } from "../server.ts";

type Labels = Record<string, string>;

/**
 * Tells the cluster where its API server is, as Kubernetes does: by the Service `kubernetes` and its endpoints, from which
 * pods get their variables. `port` is the one on 127.0.0.1.
 */
export function announce(api: ApiServer, port: number): void {
  const ports = [{ name: "https", port, protocol: "TCP" }];
  const make = (name: ResourceName, apiVersion: string, kind: string, labels: Labels, content: JsonMap): void => {
    const metadata = { name: "kubernetes", namespace: "default", labels };
    const object = { apiVersion, kind, metadata, ...content };
    try {
      api.create(api.resource(name), "default", object, { fieldManager: "kube-apiserver" });
    } catch (error) {
      // It listens again, or its namespace has not been made.
      if (!(error instanceof ApiError)) throw error;
    }
  };
  const served = { clusterIP: `${api.servicePrefix}.0.1`, ports: [{ ...ports[0], port: 443, targetPort: 6443 }] };
  const about = { component: "apiserver", provider: "kubernetes" };
  make({ group: "", resource: "services" }, "v1", "Service", about, { spec: served });
  const subsets = [{ addresses: [{ ip: "127.0.0.1" }], ports }];
  const notMirrored = { "endpointslice.kubernetes.io/skip-mirror": "true" };
  make({ group: "", resource: "endpoints" }, "v1", "Endpoints", notMirrored, { subsets });
  const endpoints = [{ addresses: ["127.0.0.1"], conditions: { ready: true } }];
  const slices = { group: "discovery.k8s.io", resource: "endpointslices" };
  const owned = { "kubernetes.io/service-name": "kubernetes" };
  make(slices, "discovery.k8s.io/v1", "EndpointSlice", owned, { addressType: "IPv4", endpoints, ports });
}
