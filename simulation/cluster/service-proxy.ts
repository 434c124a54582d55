import { pods } from "../../cluster/core.ts";
import type { Client, KubeObject, Pod } from "../../cluster/core.ts";
import { behaviourOf } from "./images.ts";

interface Service extends KubeObject {
  readonly spec: { readonly selector?: Readonly<Record<string, string>> };
}

/** What the API server's proxy answers for a request to a Service: as the worst of the ready pods behind it does. */
export function askService(client: Client, path: string): number {
  const [, namespace = "", name = ""] = /^\/api\/v1\/namespaces\/([^/]+)\/services\/([^/:]+)/.exec(path) ?? [];
  const service = client.get<Service>({ group: "", resource: "services" }, namespace, name);
  if (!service) return 404;
  const selector = Object.entries(service.spec.selector ?? {});
  const behind = client.list<Pod>(pods, namespace).filter(({ metadata: { labels = {} }, status }) => {
    const isReady = status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True");
    return isReady === true && selector.every(([key, value]) => labels[key] === value);
  });
  if (behind.length === 0) return 503;
  const isWell = ({ spec }: Pod): boolean => behaviourOf(spec.containers[0]?.image ?? "", namespace) !== "unwell";
  return behind.every(isWell) ? 200 : 500;
}
