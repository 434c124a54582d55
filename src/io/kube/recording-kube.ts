import type { Kube } from "./kube.ts";

/** One request as it was made, before its answer. `dryRun` only of applies. */
export interface RecordedRequest {
  readonly verb: "resource" | "get" | "list" | "create" | "replace" | "apply" | "delete" | "watch" | "raw";
  /** The kind, or the path of a raw request. */
  readonly what: string;
  readonly namespace: string;
  readonly name: string;
  readonly dryRun: boolean;
}

/** The same door, which tells `onRequest` of every request before it is made. */
export function recordingKube(kube: Kube, onRequest: (request: RecordedRequest) => void): Kube {
  function note(verb: RecordedRequest["verb"], what: string, namespace = "", name = "", dryRun = false): void {
    onRequest({ verb, what, namespace, name, dryRun });
  }
  return {
    resource(apiVersion, kind) {
      note("resource", kind);
      return kube.resource(apiVersion, kind);
    },
    get(resource, namespace, name) {
      note("get", resource.kind, namespace, name);
      return kube.get(resource, namespace, name);
    },
    list(target) {
      note("list", target.resource.kind, target.namespace);
      return kube.list(target);
    },
    create(resource, object) {
      note("create", resource.kind, object.metadata.namespace, object.metadata.name);
      return kube.create(resource, object);
    },
    replace(resource, object) {
      note("replace", resource.kind, object.metadata.namespace, object.metadata.name);
      return kube.replace(resource, object);
    },
    apply(resource, object, options) {
      note("apply", resource.kind, object.metadata.namespace, object.metadata.name, options.dryRun);
      return kube.apply(resource, object, options);
    },
    delete(resource, namespace, name, options) {
      note("delete", resource.kind, namespace, name);
      return kube.delete(resource, namespace, name, options);
    },
    watch(target, onMessage, signal) {
      note("watch", target.resource.kind, target.namespace);
      kube.watch(target, onMessage, signal);
    },
    raw(path) {
      note("raw", path);
      return kube.raw(path);
    },
    requestCounts: () => kube.requestCounts(),
    close: () => kube.close(),
  };
}
