import type { KubeObject } from "../../model/kube-object.ts";
import type { Kube, KubeAnswer, KubeResource } from "./kube.ts";

/** A request about objects, before it is sent; `rehearse` is an apply that changes nothing. */
export interface KubeRequest {
  readonly verb: "get" | "list" | "create" | "replace" | "apply" | "rehearse" | "delete";
  readonly resource: KubeResource;
  /** Empty for what belongs to the whole cluster, and for lists of all namespaces. */
  readonly namespace: string;
  /** Empty for lists. */
  readonly name: string;
}

/** What becomes of a request: `send` sends it. */
export type Ask = <T>(request: KubeRequest, send: () => Promise<KubeAnswer<T>>) => Promise<KubeAnswer<T>>;

/** The same door, whose requests about objects go through `ask`; all else is as it is. */
export function askedKube(kube: Kube, ask: Ask): Kube {
  type Verb = KubeRequest["verb"];
  const about = (verb: Verb, resource: KubeResource, { metadata }: KubeObject): KubeRequest => {
    const { namespace = "", name } = metadata;
    return { verb, resource, namespace, name };
  };
  return {
    resource: (apiVersion, kind) => kube.resource(apiVersion, kind),
    get: (resource, namespace, name) =>
      ask({ verb: "get", resource, namespace, name }, () => kube.get(resource, namespace, name)),
    list: (target) => {
      const { resource, namespace = "" } = target;
      return ask({ verb: "list", resource, namespace, name: "" }, () => kube.list(target));
    },
    create: (resource, object) => ask(about("create", resource, object), () => kube.create(resource, object)),
    replace: (resource, object) => ask(about("replace", resource, object), () => kube.replace(resource, object)),
    apply: (resource, object, options) => {
      const request = about(options.dryRun ? "rehearse" : "apply", resource, object);
      return ask(request, () => kube.apply(resource, object, options));
    },
    delete: (resource, namespace, name, options) =>
      ask({ verb: "delete", resource, namespace, name }, () => kube.delete(resource, namespace, name, options)),
    watch: (target, onMessage, signal) => kube.watch(target, onMessage, signal),
    raw: (path, bounds) => kube.raw(path, bounds),
    requestCounts: () => kube.requestCounts(),
    close: () => kube.close(),
  };
}
