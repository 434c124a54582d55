import { createClient } from "../api/client.ts";
import { furnishNamespaces } from "../api/namespaces.ts";
import { ApiServer } from "../api/server.ts";
import { timeText } from "../clock.ts";
import { ApiError, type Client, type KubeObject } from "../client.ts";
import { TurnedClock } from "../turned-clock.ts";
import { startControllers } from "./index.ts";
import {
  deployments,
  isTerminating,
  pods,
  replicaSets,
  type Deployment,
  type Pod,
  type ReplicaSet,
} from "./objects.ts";

/** A real API server in this process with the controllers at work, and a node that does only what a test says. */
export interface TestCluster {
  readonly client: Client;
  readonly clock: TurnedClock;
  /** Makes time pass until nothing happens any more; true `node` readies and ends pods meanwhile. */
  settle(options?: { readonly node?: boolean }): Promise<void>;
  deployment(): Deployment;
  replicaSets(): readonly ReplicaSet[];
  pods(): readonly Pod[];
  setReady(pod: Pod, ready: boolean): Promise<void>;
  /** The messages of an involved kind's events, oldest first. */
  messages(kind: string): readonly string[];
  readonly stop: () => void;
}

interface TestEvent extends KubeObject {
  readonly involvedObject: { readonly kind: string };
  readonly reason: string;
  readonly message: string;
  readonly count: number;
}

/** What a test may change about its cluster. */
interface TestClusterOptions {
  /** Refuses creations by controllers, with this message, as a quota would. */
  readonly refuse?: (object: KubeObject) => string | undefined;
}

/** Starts a cluster with the namespace `ns`. */
export async function startTestCluster({ refuse }: TestClusterOptions = {}): Promise<TestCluster> {
  const clock = new TurnedClock();
  const server = new ApiServer(clock);
  furnishNamespaces(server, "");
  const client = createClient(server, "test");
  await client.create({ group: "", resource: "namespaces" }, bare("v1", "Namespace", "ns"));
  const stop = startControllers(refuse ? refusing(client, refuse) : client, clock, {
    report: (controller, key, error) => failures.push(`${controller} ${key}: ${String(error)}`),
  });
  const failures: string[] = [];

  async function setReady(pod: Pod, ready: boolean): Promise<void> {
    const { name = "", uid = "" } = pod.metadata;
    const condition = { type: "Ready", status: ready ? "True" : "False", lastTransitionTime: timeText(clock.now()) };
    const podIP = `10.0.0.${(Number.parseInt(uid.slice(0, 6), 16) % 250) + 1}`;
    const status = { phase: "Running", podIP, conditions: [condition] };
    await client.mergePatch(pods, "ns", name, { spec: { nodeName: "node" } });
    await client.mergePatch(pods, "ns", name, { status }, "status");
  }

  async function turnNode(): Promise<void> {
    for (const pod of client.list<Pod>(pods, "ns")) {
      const { name = "" } = pod.metadata;
      if (isTerminating(pod)) await client.delete(pods, "ns", name, { gracePeriodSeconds: 0 });
      else if (pod.status?.phase === "Pending") await setReady(pod, true);
    }
  }

  return {
    client,
    clock,
    async settle({ node = false } = {}) {
      let quiet = 0;
      const stopWatches = [deployments, replicaSets, pods].map((resource) => client.watch(resource, () => (quiet = 0)));
      for (quiet = 0; quiet < 3; quiet += 1) {
        if (node) await turnNode();
        await clock.advance(20);
      }
      for (const stopWatch of stopWatches) stopWatch();
    },
    deployment() {
      const found = client.get<Deployment>(deployments, "ns", "web");
      if (!found) throw new Error("the Deployment web is not there");
      return found;
    },
    replicaSets: () => client.list<ReplicaSet>(replicaSets, "ns"),
    pods: () => client.list<Pod>(pods, "ns"),
    setReady,
    messages: (kind) =>
      client
        .list<TestEvent>({ group: "", resource: "events" }, "ns")
        .filter(({ involvedObject }) => involvedObject.kind === kind)
        .toSorted((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion))
        .map(({ message }) => message),
    stop,
  };
}

function refusing(client: Client, refuse: (object: KubeObject) => string | undefined): Client {
  return {
    ...client,
    as: (manager) => refusing(client.as(manager), refuse),
    async create(resource, object) {
      const why = refuse(object);
      if (why !== undefined) throw new ApiError(403, "Forbidden", why);
      return client.create(resource, object);
    },
  };
}

/** The Deployment `web` in `ns`; `spec` adds to or replaces what a small one has. */
export function webDeployment(spec: Partial<Deployment["spec"]> = {}, image = "web:1"): Deployment {
  return {
    ...bare("apps/v1", "Deployment", "web"),
    metadata: { name: "web", namespace: "ns" },
    spec: {
      replicas: 3,
      progressDeadlineSeconds: 600,
      revisionHistoryLimit: 10,
      selector: { matchLabels: { app: "web" } },
      template: webTemplate(image),
      ...spec,
    },
  };
}

/** The pod template of `web`. */
export function webTemplate(image: string): Deployment["spec"]["template"] {
  const container = { name: "web", image, ports: [{ name: "http", containerPort: 8080 }] };
  return { metadata: { labels: { app: "web" } }, spec: { containers: [container] } };
}

/** An object with nothing but its name. */
export function bare(
  apiVersion: string,
  kind: string,
  name: string,
): { apiVersion: string; kind: string; metadata: { name: string } } {
  return { apiVersion, kind, metadata: { name } };
}
