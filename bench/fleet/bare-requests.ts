import { inLanes } from "../server.ts";
import type { BenchServer } from "../server.ts";
import { fleetNamespace, objectsOf } from "./fleet-files.ts";

const plurals: Readonly<Record<string, string>> = {
  ServiceAccount: "serviceaccounts",
  Service: "services",
  Deployment: "deployments",
  Ingress: "ingresses",
};

interface Applicable {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

/** One server-side apply of one object. */
export async function applyBare(cluster: BenchServer, object: object): Promise<void> {
  const { apiVersion, kind, metadata } = object as Applicable;
  const group = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const path = `${group}/namespaces/${fleetNamespace}/${plurals[kind]}/${metadata.name}`;
  await cluster.ask("PATCH", `${path}?fieldManager=bench&force=true`, object, "application/apply-patch+yaml");
}

/** The same objects as those of `count` applications, applied as fast as the API server takes them; how long in milliseconds. */
export async function applyAllBare(cluster: BenchServer, count: number, value: string): Promise<number> {
  const began = performance.now();
  const objects = Array.from({ length: count }, (_, index) => objectsOf(index, value)).flat();
  await inLanes(objects.length, (index) => applyBare(cluster, objects[index] ?? {}));
  return performance.now() - began;
}
