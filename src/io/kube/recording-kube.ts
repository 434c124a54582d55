import { askedKube } from "./asked-kube.ts";
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
  const noted = askedKube(kube, ({ verb, resource, namespace, name }, send) => {
    const dryRun = verb === "rehearse";
    note(dryRun ? "apply" : verb, resource.kind, namespace, name, dryRun);
    return send();
  });
  return {
    ...noted,
    resource(apiVersion, kind) {
      note("resource", kind);
      return kube.resource(apiVersion, kind);
    },
    watch(target, onMessage, signal) {
      note("watch", target.resource.kind, target.namespace);
      kube.watch(target, onMessage, signal);
    },
    raw(path, bounds) {
      note("raw", path);
      return kube.raw(path, bounds);
    },
  };
}
