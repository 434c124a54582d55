import type { Json, JsonObject } from "../../model/json.ts";
import { argsOf, volumeMountsOf, volumesOf, webhookPort } from "./mounts.ts";
import { engineLabels, engineName, metadataOf } from "./settings.ts";
import type { InstallSettings, Printed } from "./settings.ts";

const statusPort = 8080;
const stateFolder = "/var/lib/plumbline";

/** What runs the engine. All of it can lie in Git as an application of its own, so that the engine delivers itself. */
export function workload(settings: InstallSettings): readonly Printed[] {
  return [
    networkPolicy(settings),
    service(settings, "plumbline-status", "status"),
    ...(settings.webhook === undefined ? [] : [service(settings, "plumbline-webhook", "webhook")]),
    disruptionBudget(settings),
    deployment(settings),
  ];
}

function deployment(settings: InstallSettings): Printed {
  const { namespace, replicas } = settings;
  const volumes: Json[] = [
    { name: "state", emptyDir: { sizeLimit: "2Gi" } },
    { name: "tmp", emptyDir: { sizeLimit: "256Mi" } },
    ...volumesOf(settings),
  ];
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: metadataOf(engineName, namespace),
    spec: {
      replicas,
      // A new engine stands by until the old one hands over; nothing is gained by ending an old one early.
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      selector: { matchLabels: engineLabels },
      template: {
        metadata: { labels: { ...engineLabels, "app.kubernetes.io/part-of": "plumbline" } },
        spec: {
          serviceAccountName: engineName,
          automountServiceAccountToken: true,
          terminationGracePeriodSeconds: 30,
          securityContext: {
            runAsNonRoot: true,
            runAsUser: 65532,
            runAsGroup: 65532,
            fsGroup: 65532,
            seccompProfile: { type: "RuntimeDefault" },
          },
          topologySpreadConstraints: [
            {
              maxSkew: 1,
              topologyKey: "kubernetes.io/hostname",
              whenUnsatisfiable: "ScheduleAnyway",
              labelSelector: { matchLabels: engineLabels },
            },
          ],
          containers: [container(settings)],
          volumes,
        },
      },
    },
  };
}

function container(settings: InstallSettings): JsonObject {
  const { image, repository, branch, namespace, scope, webhook } = settings;
  return {
    name: "engine",
    image,
    args: [
      "engine",
      `--repository=${repository}`,
      `--branch=${branch}`,
      `--namespace=${namespace}`,
      `--watch=${scope}`,
      `--mirror=${stateFolder}/mirror.git`,
      "--host=0.0.0.0",
      `--port=${statusPort}`,
      ...argsOf(settings),
    ],
    env: [
      { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
      // By which the engine that stands by reaches the one that leads.
      ...(webhook === undefined ? [] : [{ name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } }]),
      { name: "HOME", value: "/tmp" },
    ],
    ports: [
      { name: "status", containerPort: statusPort },
      ...(webhook === undefined ? [] : [{ name: "webhook", containerPort: webhookPort }]),
    ],
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    },
    resources: { requests: { cpu: "50m", memory: "128Mi" }, limits: { memory: "512Mi" } },
    startupProbe: { httpGet: { path: "/healthz", port: "status" }, periodSeconds: 1, failureThreshold: 60 },
    livenessProbe: { httpGet: { path: "/healthz", port: "status" }, periodSeconds: 10, failureThreshold: 3 },
    readinessProbe: { httpGet: { path: "/readyz", port: "status" }, periodSeconds: 5 },
    volumeMounts: [
      { name: "state", mountPath: stateFolder },
      { name: "tmp", mountPath: "/tmp" },
      ...volumeMountsOf(settings),
    ],
  };
}

function service({ namespace }: InstallSettings, name: string, targetPort: string): Printed {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: metadataOf(name, namespace),
    spec: { selector: engineLabels, ports: [{ name: "http", port: 80, targetPort }] },
  };
}

function disruptionBudget({ namespace }: InstallSettings): Printed {
  return {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: metadataOf(engineName, namespace),
    spec: { minAvailable: 1, selector: { matchLabels: engineLabels } },
  };
}

/**
 * In: the status page, which only reads, and webhooks where they are heard. Out: names, the API server, the Git server, and
 * whom else the engine tells.
 */
function networkPolicy(settings: InstallSettings): Printed {
  const { namespace, repository, webhook, forgeUrl, notifyUrl } = settings;
  const told = [forgeUrl, notifyUrl?.href].filter((url) => url !== undefined);
  const ports = [...new Set([443, 6443, ...[repository, ...told].flatMap(serverPorts)])].toSorted((a, b) => a - b);
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: metadataOf(engineName, namespace),
    spec: {
      podSelector: { matchLabels: engineLabels },
      policyTypes: ["Ingress", "Egress"],
      ingress: [
        {
          ports: [statusPort, ...(webhook === undefined ? [] : [webhookPort])].map((port) => ({
            protocol: "TCP",
            port,
          })),
        },
      ],
      egress: [
        {
          ports: [
            { protocol: "UDP", port: 53 },
            { protocol: "TCP", port: 53 },
            ...ports.map((port) => ({ protocol: "TCP", port })),
          ],
        },
        // The engine that stands by passes on what a forge tells it.
        ...(webhook === undefined
          ? []
          : [
              { to: [{ podSelector: { matchLabels: engineLabels } }], ports: [{ protocol: "TCP", port: webhookPort }] },
            ]),
      ],
    },
  };
}

/** The port of a URL's server: its own, else that of its protocol. */
function serverPorts(repository: string): readonly number[] {
  if (!URL.canParse(repository)) return [22];
  const { protocol, port } = new URL(repository);
  if (port !== "") return [Number(port)];
  return [{ "https:": 443, "http:": 80, "ssh:": 22 }[protocol] ?? 22];
}
