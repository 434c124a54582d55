import type { Ingress, IngressBackend } from "kubernetes-types/networking/v1.js";
import type { KubeObject } from "../client.ts";

/** An ingress as this room reads it. */
export type IngressObject = KubeObject & Ingress;

/** Where a request goes. */
export interface Route {
  readonly namespace: string;
  readonly backend: IngressBackend;
}

/**
 * The backend for a request: the most exact host wins (named, then wildcard, then none), then an exact path, then the
 * longest prefix by path elements, then the older ingress. Without a rule that fits, a default backend; else undefined.
 */
export function routeFor(ingresses: readonly IngressObject[], host: string, path: string): Route | undefined {
  const name = host.replace(/:\d+$/, "").toLowerCase();
  const fitting = ingresses.flatMap(({ metadata: { namespace = "" }, spec }) =>
    (spec?.rules ?? []).flatMap(({ host: rule = "", http }) =>
      (http?.paths ?? [])
        .filter(({ path: prefix = "/", pathType }) => hostFits(rule, name) && pathFits(pathType, prefix, path))
        .map(({ path: prefix = "/", pathType, backend }) => ({
          route: { namespace, backend },
          weight: [rule === "" ? 0 : rule.startsWith("*.") ? 1 : 2, pathType === "Exact" ? 1 : 0, prefix.length],
        })),
    ),
  );
  // Sorting is stable, so the older ingress stays before the younger.
  const [best] = fitting.toSorted((a, b) => a.weight.reduce((sum, each, at) => sum || (b.weight[at] ?? 0) - each, 0));
  if (best) return best.route;
  const fallback = ingresses.find(({ spec }) => spec?.defaultBackend);
  const backend = fallback?.spec?.defaultBackend;
  return backend && { namespace: fallback.metadata.namespace ?? "", backend };
}

function hostFits(rule: string, host: string): boolean {
  if (!rule.startsWith("*.")) return rule === "" || rule === host;
  const dot = host.indexOf(".");
  return dot > 0 && host.slice(dot) === rule.slice(1);
}

function pathFits(pathType: string, rule: string, path: string): boolean {
  if (pathType === "Exact") return rule === path;
  const prefix = rule.replace(/\/+$/, "");
  return path === prefix || path.startsWith(`${prefix}/`);
}
