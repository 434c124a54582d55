import type { Kube, KubeAnswer, KubeRefusal } from "./kube.ts";

/** The same door, which writes nothing while `mayAct` says no: an engine that lost its lease must not act (behaviour O2). */
export function fencedKube(kube: Kube, mayAct: () => boolean): Kube {
  const guard = <T>(write: () => Promise<KubeAnswer<T>>): Promise<KubeAnswer<T>> =>
    mayAct() ? write() : Promise.resolve({ ok: false, refusal: notLeading });
  return {
    resource: (apiVersion, kind) => kube.resource(apiVersion, kind),
    get: (resource, namespace, name) => kube.get(resource, namespace, name),
    list: (target) => kube.list(target),
    create: (resource, object) => guard(() => kube.create(resource, object)),
    replace: (resource, object) => guard(() => kube.replace(resource, object)),
    apply: (resource, object, options) => guard(() => kube.apply(resource, object, options)),
    delete: (resource, namespace, name, options) => guard(() => kube.delete(resource, namespace, name, options)),
    watch: (target, onMessage, signal) => kube.watch(target, onMessage, signal),
    raw: (path) => kube.raw(path),
    requestCounts: () => kube.requestCounts(),
    close: () => kube.close(),
  };
}

const notLeading: KubeRefusal = {
  code: 0,
  reason: "NotLeading",
  message: "this engine does not lead any more, so it writes nothing",
  causes: [],
};
