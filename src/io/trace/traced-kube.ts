import type { Kube, KubeAnswer } from "../kube/kube.ts";
import type { Tracer } from "./tracer.ts";

/** The same door, each of whose requests is a span; watches, which stay open, are none. */
export function tracedKube(kube: Kube, tracer: Tracer): Kube {
  const traced = <T>(verb: string, what: string, namespace: string, ask: () => Promise<KubeAnswer<T>>) =>
    tracer.span(`kube ${verb} ${what}`, { "k8s.namespace.name": namespace }, async (span) => {
      const answer = await ask();
      // The server's words may quote what it refused: only its reason is told.
      if (!answer.ok) span.fail(answer.refusal.reason);
      return answer;
    });
  return {
    resource: (apiVersion, kind) => kube.resource(apiVersion, kind),
    get: (resource, namespace, name) =>
      traced("get", resource.resource, namespace, () => kube.get(resource, namespace, name)),
    list: (target) => traced("list", target.resource.resource, target.namespace ?? "", () => kube.list(target)),
    create: (resource, object) =>
      traced("create", resource.resource, object.metadata.namespace ?? "", () => kube.create(resource, object)),
    replace: (resource, object) =>
      traced("replace", resource.resource, object.metadata.namespace ?? "", () => kube.replace(resource, object)),
    apply: (resource, object, options) =>
      traced(options.dryRun ? "rehearse" : "apply", resource.resource, object.metadata.namespace ?? "", () =>
        kube.apply(resource, object, options),
      ),
    delete: (resource, namespace, name, options) =>
      traced("delete", resource.resource, namespace, () => kube.delete(resource, namespace, name, options)),
    watch: (target, onMessage, signal) => kube.watch(target, onMessage, signal),
    raw: (path) => tracer.span("kube raw", {}, () => kube.raw(path)),
    requestCounts: () => kube.requestCounts(),
    close: () => kube.close(),
  };
}
