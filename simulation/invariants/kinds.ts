/** Kinds that histories deliver. */
export const kinds = [
  { kind: "Namespace", group: "", resource: "namespaces" },
  { kind: "ConfigMap", group: "", resource: "configmaps" },
  { kind: "Service", group: "", resource: "services" },
  { kind: "Deployment", group: "apps", resource: "deployments" },
  { kind: "Job", group: "batch", resource: "jobs" },
] as const;
