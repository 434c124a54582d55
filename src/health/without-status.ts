/** API groups of Kubernetes itself whose kinds have no status that says anything about health. */
const groups: ReadonlySet<string> = new Set([
  "admissionregistration.k8s.io",
  "coordination.k8s.io",
  "discovery.k8s.io",
  "events.k8s.io",
  "flowcontrol.apiserver.k8s.io",
  "networking.k8s.io",
  "node.k8s.io",
  "rbac.authorization.k8s.io",
  "resource.k8s.io",
  "scheduling.k8s.io",
  "storage.k8s.io",
]);

const kinds: ReadonlySet<string> = new Set([
  "/ConfigMap",
  "/Endpoints",
  "/Event",
  "/LimitRange",
  "/PodTemplate",
  "/ResourceQuota",
  "/Secret",
  "/ServiceAccount",
  "apps/ControllerRevision",
  "certificates.k8s.io/ClusterTrustBundle",
]);

/** True for kinds that have nothing to become once they are there, so that being there is their health. */
export function needsNoStatus(group: string, kind: string): boolean {
  return groups.has(group) || kinds.has(`${group}/${kind}`);
}
