import type { Ingress, IngressBackend } from "kubernetes-types/networking/v1.js";
import type { KubeObject } from "../client.ts";

/** An ingress as this room reads it. */
export type IngressObject = KubeObject & Ingress;

/** Where a request goes. */
export interface Route {
  readonly namespace: string;
  readonly backend: IngressBackend;
}

interface Candidate extends Route {
  readonly host: string;
  readonly path: string;
  readonly exact: boolean;
  /** Position among all, so that ties are decided always alike. */
  readonly order: number;
}

/**
 * The backend for a request: the most exact host wins (named, then wildcard, then none), then an exact path, then the
 * longest prefix by path elements, then the older ingress. Without a rule that fits, a default backend; else undefined.
 */
export function routeFor(ingresses: readonly IngressObject[], host: string, path: string): Route | undefined {
  const name = host.replace(/:\d+$/, "").toLowerCase();
  const [best] = ingresses
    .flatMap(candidates)
    .filter((candidate) => hostFits(candidate.host, name) && pathFits(candidate, path))
    .toSorted(compare);
  if (best) return { namespace: best.namespace, backend: best.backend };
  const fallback = ingresses.find(({ spec }) => spec?.defaultBackend);
  const backend = fallback?.spec?.defaultBackend;
  return backend && { namespace: fallback.metadata.namespace ?? "", backend };
}

function candidates({ metadata, spec }: IngressObject, order: number): readonly Candidate[] {
  return (spec?.rules ?? []).flatMap(({ host = "", http }) =>
    (http?.paths ?? []).map(({ path = "/", pathType, backend }) => ({
      host,
      path,
      exact: pathType === "Exact",
      backend,
      namespace: metadata.namespace ?? "",
      order,
    })),
  );
}

function hostFits(rule: string, host: string): boolean {
  if (rule === "") return true;
  if (!rule.startsWith("*.")) return rule === host;
  const dot = host.indexOf(".");
  return dot > 0 && host.slice(dot) === rule.slice(1);
}

function pathFits({ exact, path: rule }: Candidate, path: string): boolean {
  if (exact) return rule === path;
  const prefix = rule.replace(/\/+$/, "");
  return path === prefix || path.startsWith(`${prefix}/`);
}

function compare(a: Candidate, b: Candidate): number {
  const weight = ({ host }: Candidate) => (host === "" ? 0 : host.startsWith("*.") ? 1 : 2);
  return (
    weight(b) - weight(a) || Number(b.exact) - Number(a.exact) || b.path.length - a.path.length || a.order - b.order
  );
}
