import type { Files } from "./repository.ts";

/** The namespace of all applications here, and the environment that they are in. */
export const fleetNamespace = "fleet";
const environment = "production";

/** Their names, which are those of their directories. */
export function nameOf(index: number): string {
  return `app-${String(index).padStart(4, "0")}`;
}

/** What one application consists of; `value` is the one field that upgrades change. */
export function objectsOf(index: number, value: string): readonly object[] {
  const name = nameOf(index);
  const metadata = { name, labels: { app: name } };
  const container = { name: "main", image: "example.org/main:1", env: [{ name: "VALUE", value }] };
  const backend = { service: { name, port: { number: 80 } } };
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata },
    { apiVersion: "v1", kind: "Service", metadata, spec: { selector: { app: name }, ports: [{ port: 80 }] } },
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata,
      spec: {
        replicas: 0,
        selector: { matchLabels: { app: name } },
        template: { metadata: { labels: { app: name } }, spec: { containers: [container] } },
      },
    },
    {
      apiVersion: "networking.k8s.io/v1",
      kind: "Ingress",
      metadata,
      spec: {
        rules: [{ host: `${name}.example.test`, http: { paths: [{ path: "/", pathType: "Prefix", backend }] } }],
      },
    },
  ];
}

/** The directories of `count` applications with what the repository says of all of them. */
export function fleetFiles(count: number, value: string): Files {
  const settings = `environments: { ${environment}: { namespace: ${fleetNamespace}, rollout: { soak: 0s } } }\n`;
  return new Map([["delivery.yaml", settings], ...upgradeFiles(count, value)]);
}

/** The file of each of `count` applications, whose one field that upgrades change has this value. */
export function upgradeFiles(count: number, value: string): Files {
  return new Map(Array.from({ length: count }, (_, index) => fileOf(index, value)));
}

/** The file of one application. */
export function fileOf(index: number, value: string): readonly [string, string] {
  const text = objectsOf(index, value)
    .map((object) => JSON.stringify(object))
    .join("\n---\n");
  return [`${environment}/${nameOf(index)}/all.yaml`, text];
}
