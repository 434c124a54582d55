import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { startCluster } from "../../cluster/index.ts";
import type { Cluster } from "../../cluster/index.ts";
import { systemClock } from "../io/clock/clock.ts";
import type { Git } from "../io/git/git.ts";
import { openMirror } from "../io/git/mirror.ts";
import { faultsOfLog } from "../history/record-checker-in-test.ts";
import { HttpsKube } from "../io/kube/https-kube.ts";
import type { KubeResource } from "../io/kube/kube.ts";
import { kubeconfigAccess } from "../io/kube/kubeconfig.ts";
import type { KubeObject } from "../model/kube-object.ts";
import { writeLayout } from "../../cluster/node/layout-in-test.ts";
import { makeRemote } from "./bench-remote-in-test.ts";
import type { BenchRemote } from "./bench-remote-in-test.ts";
import { startEngine } from "./engine-in-test.ts";
import type { TestEngine } from "./engine-in-test.ts";
import type { EngineOptions } from "./engine.ts";

/** For tests: a real remote repository beside a real cluster. */
export interface Workbench extends BenchRemote {
  readonly folder: string;
  readonly cluster: Cluster;
  readonly kube: HttpsKube;
  /** Images of the cluster by digest: `first`, `second`, and `picky`, which crashes where ENVIRONMENT is production. */
  readonly images: { readonly [name in ImageName]: string };
  /** Something to end with the test. */
  onEnd(end: () => void | Promise<void>): void;
  /** Starts an engine; `wrap` may stand between it and its mirror. */
  engine(different?: Partial<EngineOptions>, wrap?: (git: Git) => Git): Promise<TestEngine>;
  kind(apiVersion: string, kind: string): Promise<KubeResource>;
  get(apiVersion: string, kind: string, namespace: string, name: string): Promise<KubeObject | undefined>;
}

/** What a container of the test image does with MODE: serve, be never ready, or crash. One that is PICKY crashes in production. */
const program = `
const picky = process.env.PICKY === "1" && process.env.ENVIRONMENT === "production";
const mode = picky ? "crash" : (process.env.MODE ?? "ready");
if (mode === "crash") { console.error("cannot start"); process.exit(3); }
const server = require("node:http").createServer((request, response) => {
  response.statusCode = mode === "ready" ? 200 : 503;
  response.end(mode);
});
server.listen(8080);
process.on("SIGTERM", () => process.exit(0));
`;

/** The images that the test cluster has, in the order of their tags. */
const imageNames = ["first", "second", "picky"] as const;
type ImageName = (typeof imageNames)[number];

/** The first of them by its tag alone. */
export const image = "example.test/app:1";

/** Writes the test images; answers their references by digest. */
async function writeImages(layout: string): Promise<Workbench["images"]> {
  const refs = imageNames.map((_, index) => `example.test/app:${index + 1}`);
  const digests = await writeLayout(
    layout,
    imageNames.map((name, index) => ({
      ref: refs[index] ?? "",
      layers: [[{ name: "app/main.js", text: program }]],
      config: {
        Entrypoint: ["node", "main.js"],
        WorkingDir: "/app",
        User: "65532",
        Env: [`VERSION=${index + 1}`, `PICKY=${name === "picky" ? 1 : 0}`],
      },
    })),
  );
  const [first = "", second = "", picky = ""] = refs.map((ref, index) => `${ref}@${digests[index]}`);
  return { first, second, picky };
}

/** Starts a cluster for the tests of one file; all of it is gone when the test that opened it ends. */
export async function openWorkbench(t: Pick<TestContext, "after">, images = true): Promise<Workbench> {
  const folder = mkdtempSync(join(tmpdir(), "plumb-engine-"));
  const layout = join(folder, "images");
  const pinned = await writeImages(layout);
  const cluster = await startCluster({ folder: join(folder, "cluster"), ...(images ? { images: layout } : {}) });
  const access = await kubeconfigAccess({ path: cluster.kubeconfigPath, clock: systemClock });
  assert.ok(access.ok);
  const kube = new HttpsKube({ access: access.value, clock: systemClock, random: Math.random });
  const resourceOf = async (apiVersion: string, kind: string): Promise<KubeResource> => {
    const resource = await kube.resource(apiVersion, kind);
    assert.ok(resource.ok && resource.value);
    return resource.value;
  };
  const engines: TestEngine[] = [];
  const ends: (() => void | Promise<void>)[] = [];
  t.after(async () => {
    for (const end of ends) await end();
    for (const engine of engines) await engine.stop();
    assert.deepEqual(faultsOfLog(remote), [], "every record that was written is as the published schema says");
    kube.close();
    await cluster.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  const repository = makeRemote(folder);
  const { remote } = repository;
  return {
    ...repository,
    folder,
    cluster,
    kube,
    images: pinned,
    onEnd(end) {
      ends.push(end);
    },
    async engine(different = {}, wrap = (git) => git) {
      const mirror = await openMirror({ url: remote, folder: join(folder, `mirror-${engines.length}.git`) });
      const engine = await startEngine({ git: wrap(mirror), kube, ...different }, () => mirror.close());
      engines.push(engine);
      return engine;
    },
    kind: resourceOf,
    async get(apiVersion, kind, namespace, name) {
      const answer = await kube.get(await resourceOf(apiVersion, kind), namespace, name);
      return answer.ok ? answer.value : undefined;
    },
  };
}

/** delivery.yaml of one environment; deadline and soak are short enough to be waited for. */
export function deliveryYaml(rollout = "{ deadline: 20s, soak: 300ms }", environment = "staging"): string {
  return `environments:\n  ${environment}:\n    rollout: ${rollout}\n`;
}

/** A Namespace manifest. */
export function namespaceYaml(name: string): string {
  return `apiVersion: v1\nkind: Namespace\nmetadata: { name: ${name} }\n`;
}

/** A ConfigMap manifest. */
export function configMapYaml(name: string, data: Readonly<Record<string, string>>): string {
  return `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }\ndata: ${JSON.stringify(data)}\n`;
}

/** What a Deployment manifest may have beyond MODE. */
export interface DeploymentParts {
  readonly image?: string;
  /** Further entries of the container's env, as YAML flow mappings. */
  readonly env?: readonly string[];
}

/** A Deployment of one pod of the test image, which is in MODE. */
export function deploymentYaml(
  name: string,
  mode: string,
  { image: from = image, env = [] }: DeploymentParts = {},
): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name} }
spec:
  replicas: 1
  strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } }
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} } }
    spec:
      terminationGracePeriodSeconds: 2
      containers:
        - name: app
          image: ${from}
          env: [${[`{ name: MODE, value: ${mode} }`, ...env].join(", ")}]
          readinessProbe: { httpGet: { path: /, port: 8080 }, periodSeconds: 1 }
`;
}

/** A pod of the test image that runs this program instead, and a Service of the same name with these ports, as YAML. */
export function programYaml(name: string, program: string, ports: string): string {
  return `apiVersion: v1
kind: Pod
metadata: { name: ${name}, labels: { app: ${name} } }
spec:
  terminationGracePeriodSeconds: 1
  containers: [ { name: app, image: ${image}, command: [node, -e, ${JSON.stringify(program)}] } ]
---
apiVersion: v1
kind: Service
metadata: { name: ${name} }
spec: { selector: { app: ${name} }, ports: ${ports} }
`;
}
