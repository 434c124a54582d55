import { askedKube } from "../kube/asked-kube.ts";
import type { Kube } from "../kube/kube.ts";
import type { Tracer } from "./tracer.ts";

/** The same door, each of whose requests is a span; watches, which stay open, are none. */
export function tracedKube(kube: Kube, tracer: Tracer): Kube {
  const traced = askedKube(kube, ({ verb, resource, namespace }, send) =>
    tracer.span(`kube ${verb} ${resource.resource}`, { "k8s.namespace.name": namespace }, async (span) => {
      const answer = await send();
      // The server's words may quote what it refused: only its reason is told.
      if (!answer.ok) span.fail(answer.refusal.reason);
      return answer;
    }),
  );
  return { ...traced, raw: (path, bounds) => tracer.span("kube raw", {}, () => kube.raw(path, bounds)) };
}
