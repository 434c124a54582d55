import assert from "node:assert/strict";
import { get } from "node:http";
import { test } from "node:test";
import type { DeploymentStatus } from "kubernetes-types/apps/v1.js";
import type { KubeObject } from "../client.ts";
import { systemClock } from "../clock.ts";
import { startControllers } from "../controllers/index.ts";
import { startTestCluster, type TestCluster } from "../node/cluster-in-test.ts";

const deployments = { group: "apps", resource: "deployments" };
const metadata = { name: "web", namespace: "default" };

type Deployment = KubeObject & { readonly status?: DeploymentStatus };

/** A Deployment of two pods that answers with its version; `path` is what its readiness probe asks. */
function deployment(version: string, path: string): KubeObject & { spec: object } {
  const labels = { app: "web" };
  const container = {
    name: "web",
    image: "example.test/web:1",
    imagePullPolicy: "IfNotPresent",
    env: [{ name: "POD", value: version }],
    ports: [{ name: "http", containerPort: 8080 }],
    readinessProbe: { httpGet: { path, port: "http" }, periodSeconds: 1 },
  };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata,
    spec: {
      replicas: 2,
      progressDeadlineSeconds: 3,
      selector: { matchLabels: labels },
      strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      template: { metadata: { labels }, spec: { terminationGracePeriodSeconds: 5, containers: [container] } },
    },
  };
}

function until({ client }: TestCluster, is: (deployment: Deployment) => boolean): Promise<Deployment> {
  return new Promise((resolve, reject) => {
    let last: Deployment | undefined;
    const timer = setTimeout(() => {
      stop();
      reject(new Error(`not so after 30 s: ${JSON.stringify(last?.status)}`));
    }, 30_000);
    const stop = client.watch<Deployment>(deployments, ({ object }) => {
      last = object;
      if (object.status?.observedGeneration !== object.metadata.generation || !is(object)) return;
      clearTimeout(timer);
      setImmediate(() => stop());
      resolve(object);
    });
  });
}

const complete = ({ status }: Deployment) =>
  status?.updatedReplicas === 2 && status.replicas === 2 && status.availableReplicas === 2;
const failedProgress = ({ status }: Deployment) =>
  status?.conditions?.some(({ type, reason }) => type === "Progressing" && reason === "ProgressDeadlineExceeded") ===
  true;

/** Sends requests, eight at a time, until told to end; answers how many, and each answer that was not 200. */
function load(port: number): { seen: Set<string>; end(): Promise<{ requests: number; failures: readonly string[] }> } {
  const seen = new Set<string>();
  const failures: string[] = [];
  let requests = 0;
  const ending = new AbortController();
  const one = () =>
    new Promise<void>((resolve) => {
      const sent = get({ host: "127.0.0.1", port, path: "/", agent: false }, (response) => {
        let body = "";
        response.setEncoding("utf8").on("data", (text: string) => (body += text));
        response.on("close", () => {
          if (response.statusCode === 200 && response.complete) seen.add((JSON.parse(body) as { pod: string }).pod);
          else failures.push(`${response.statusCode}: ${body}`);
          resolve();
        });
      });
      sent.on("error", (error) => {
        failures.push(String(error));
        resolve();
      });
    });
  const lanes = Array.from({ length: 8 }, async () => {
    while (!ending.signal.aborted) {
      requests += 1;
      await one();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  });
  return {
    seen,
    async end() {
      ending.abort();
      await Promise.all(lanes);
      return { requests, failures };
    },
  };
}

test("Through rollouts, a failed one and its return, every request is answered", { timeout: 90_000 }, async (t) => {
  const cluster = await startTestCluster(t);
  t.after(startControllers(cluster.client, systemClock));
  await cluster.client.create(
    { group: "", resource: "services" },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata,
      spec: { selector: { app: "web" }, ports: [{ name: "http", port: 80, targetPort: "http" }] },
    },
  );
  await cluster.client.create(
    { group: "networking.k8s.io", resource: "ingresses" },
    {
      apiVersion: "networking.k8s.io/v1",
      kind: "Ingress",
      metadata,
      spec: { defaultBackend: { service: { name: "web", port: { name: "http" } } } },
    },
  );
  await cluster.client.create(deployments, deployment("one", "/"));
  await until(cluster, complete);
  const traffic = load(cluster.net.ingressPort);
  const change = async (version: string, path: string) => {
    await cluster.client.mergePatch(deployments, "default", "web", { spec: deployment(version, path).spec });
  };
  await change("two", "/");
  await until(cluster, complete);
  await change("broken", "/exit");
  await until(cluster, failedProgress);
  await change("two", "/");
  await until(cluster, complete);
  await change("three", "/");
  await until(cluster, complete);
  const { requests, failures } = await traffic.end();
  assert.deepEqual(failures, [], `of ${requests} requests`);
  assert.deepEqual([...traffic.seen].toSorted(), ["one", "three", "two"]);
});
