import type { ApiServer } from "./server.ts";

const atStart = ["default", "kube-node-lease", "kube-public", "kube-system"];

/**
 * Makes the namespaces that every cluster has, and gives each new one what Kubernetes gives it: the ServiceAccount
 * `default` and the ConfigMap `kube-root-ca.crt` with this cluster's CA certificate (PEM).
 */
export function furnishNamespaces(server: ApiServer, caCertificate: string): void {
  const namespaces = server.resource({ group: "", resource: "namespaces" });
  server.store.subscribe(namespaces.storedAs, ({ type, object }) => {
    if (type === "ADDED") furnish(server, object.metadata.name ?? "", caCertificate);
  });
  for (const name of atStart) {
    const body = { apiVersion: "v1", kind: "Namespace", metadata: { name } };
    server.create(namespaces, "", body, { fieldManager: "kube-apiserver" });
  }
}

function furnish(server: ApiServer, namespace: string, caCertificate: string): void {
  const manager = { fieldManager: "kube-controller-manager" };
  const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default" } };
  server.create(server.resource({ group: "", resource: "serviceaccounts" }), namespace, account, manager);
  const annotations = { "kubernetes.io/description": rootCaDescription };
  const rootCa = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "kube-root-ca.crt", annotations },
    data: { "ca.crt": caCertificate },
  };
  server.create(server.resource({ group: "", resource: "configmaps" }), namespace, rootCa, manager);
}

const rootCaDescription =
  "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the " +
  "internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.";
