import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { PodSpec } from "kubernetes-types/core/v1.js";
import { createClient } from "../api/client.ts";
import { furnishNamespaces } from "../api/namespaces.ts";
import { ApiServer } from "../api/server.ts";
import type { Client, KubeObject } from "../client.ts";
import { systemClock } from "../clock.ts";
import { type Net, startNet } from "../net/index.ts";
import { firstOf, type ImageSource, type Node, ociLayout, startNode, takePodAddresses } from "./index.ts";
import { writeLayout } from "./layout-in-test.ts";
import type { Pod } from "./pod.ts";

/** For tests: an API, a node and the service network, with two images to run; all gone when the test ends. */
export interface TestCluster {
  readonly client: Client;
  readonly node: Node;
  readonly net: Net;
  readonly folder: string;
  /** Creates a pod of one container. */
  run(name: string, container: Partial<PodSpec["containers"][number]>, more?: Partial<PodSpec>): Promise<Pod>;
  /** The pod as soon as it is as asked; rejects after 20 s with what it is instead. */
  when(name: string, is: (pod: Pod) => boolean): Promise<Pod>;
  /** Settles when the pod is gone. */
  gone(name: string): Promise<void>;
  /** The events about an object, as "reason: message". */
  events(name: string): readonly string[];
}

/** Answers with its name and its variables at every path; leaves at /exit, is not ready while /tmp/sick exists. */
const server = `
const http = require("node:http");
const server = http.createServer((request, response) => {
  if (request.url === "/exit") process.exit(7);
  if (request.url === "/slow") { setTimeout(() => response.end("slow"), 300); return; }
  response.end(JSON.stringify({ url: request.url, pod: process.env.POD, address: server.address(), env: process.env }));
});
server.listen(Number(process.env.PORT ?? 8080), () => console.log("listening", server.address().address));
process.on("SIGTERM", () => { console.log("stopping"); server.close(() => process.exit(0)); server.closeIdleConnections(); });
`;

/** Starts a test cluster; `pull` finds the images that are not one of the two. */
export async function startTestCluster(
  t: Pick<TestContext, "after">,
  { oneAddress, pull }: { readonly oneAddress?: boolean; readonly pull?: ImageSource } = {},
): Promise<TestCluster> {
  const folder = await mkdtemp(join(tmpdir(), "node-test-"));
  const images = join(folder, "layout");
  await writeLayout(images, [
    {
      ref: "example.test/web:1",
      layers: [[{ name: "app/main.js", text: server }], [{ name: "app/version.txt", text: "one" }]],
      config: { Entrypoint: ["node", "main.js"], WorkingDir: "/app", Env: ["FROM_IMAGE=yes"], User: "65532" },
    },
    { ref: "example.test/sh:1", layers: [[{ name: "etc/motd", text: "hello" }]], config: { Cmd: ["/bin/sh"] } },
  ]);
  const clock = systemClock;
  const addresses = await takePodAddresses(oneAddress);
  const api = new ApiServer(clock, addresses.prefix);
  furnishNamespaces(api, "PEM");
  const client = createClient(api, "test");
  const nodes: Node[] = [];
  const net = await startNet({ client, dial: (host, port) => nodes[0]?.dial(host, port) ?? { host, port } });
  const node = await startNode({
    client,
    clock,
    folder: join(folder, "node"),
    images: firstOf([ociLayout(images), ...(pull ? [pull] : [])]),
    addresses,
    withdraw: (podIP) => net.withdraw(podIP),
    serviceAddress: (clusterIP, port) => net.serviceAddress(clusterIP, port),
  });
  nodes.push(node);
  t.after(async () => {
    await node.stop();
    await net.stop();
    await rm(folder, { recursive: true, force: true });
  });
  return { client, node, net, folder, ...podTools(client) };
}

function podTools(client: Client): Pick<TestCluster, "run" | "when" | "gone" | "events"> {
  const pods = { group: "", resource: "pods" };
  const watchFor = (name: string, done: (pod: Pod, type: string) => boolean) =>
    new Promise<Pod>((resolve, reject) => {
      let last: Pod | undefined;
      const timer = setTimeout(() => {
        stop();
        reject(new Error(`pod ${name} is not as it should be after 20 s: ${JSON.stringify(last?.status, null, 1)}`));
      }, 20_000);
      const stop = client.watch<Pod>(pods, ({ type, object }) => {
        if (object.metadata.name !== name) return;
        last = object;
        if (!done(object, type)) return;
        clearTimeout(timer);
        setImmediate(() => stop());
        resolve(object);
      });
    });
  return {
    run: (name, container, more = {}) =>
      client.create<Pod>(pods, {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name, namespace: "default", labels: { app: name } },
        spec: {
          terminationGracePeriodSeconds: 5,
          containers: [{ name: "c", image: "example.test/web:1", imagePullPolicy: "IfNotPresent", ...container }],
          restartPolicy: "Always",
          ...more,
        },
      }),
    when: (name, is) => watchFor(name, (pod, type) => type !== "DELETED" && is(pod)),
    gone: async (name) => {
      if (client.get(pods, "default", name)) await watchFor(name, (_, type) => type === "DELETED");
    },
    events: (name) =>
      client
        .list<KubeObject & { reason: string; message: string; involvedObject: { name: string } }>({
          group: "",
          resource: "events",
        })
        .filter(({ involvedObject }) => involvedObject.name === name)
        .toSorted((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion))
        .map(({ reason, message }) => `${reason}: ${message}`),
  };
}

/** For tests: whether a pod is Ready. */
export function isReady(pod: Pod): boolean {
  return pod.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true;
}
