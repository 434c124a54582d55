import { ProblemError } from "../../model/problem.ts";

/** A kind as access rules name it: API group ("" is the core one) and plural. */
export interface RuledResource {
  readonly group: string;
  readonly resource: string;
}

/** What applications deliver nearly everywhere, and what an engine may therefore write without being told of more. */
export const usualResources: readonly RuledResource[] = [
  ...["configmaps", "persistentvolumeclaims", "secrets", "serviceaccounts", "services"].map(of("")),
  ...["daemonsets", "deployments", "statefulsets"].map(of("apps")),
  ...["horizontalpodautoscalers"].map(of("autoscaling")),
  ...["cronjobs", "jobs"].map(of("batch")),
  ...["ingresses", "networkpolicies"].map(of("networking.k8s.io")),
  ...["poddisruptionbudgets"].map(of("policy")),
];

function of(group: string): (resource: string) => RuledResource {
  return (resource) => ({ group, resource });
}

/** `certificates.cert-manager.io` -> the resource and its group; a resource of the core group stands alone. */
export function parseResource(text: string): RuledResource {
  const [resource = "", ...group] = text.split(".");
  if (/^[a-z0-9]+$/.test(resource) && /^([a-z0-9][-a-z0-9.]*)?$/.test(group.join("."))) {
    return { resource, group: group.join(".") };
  }
  throw new ProblemError({
    code: "resource-invalid",
    message: `${JSON.stringify(text)} is no resource`,
    remedy: "write it as `kubectl api-resources -o name` does: certificates.cert-manager.io",
  });
}
