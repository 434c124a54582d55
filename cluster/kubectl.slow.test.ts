import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type Cluster, startCluster } from "./index.ts";

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

type Kubectl = (...args: readonly string[]) => Promise<Ran>;

/** kubectl's own version, or undefined where it is not installed. */
const installed = await new Promise<boolean>((resolve) => {
  execFile("kubectl", ["version", "--client"], (error) => resolve(error === null));
});
const skip = installed ? false : "kubectl is not installed here";

async function start(t: TestContext): Promise<{ cluster: Cluster; folder: string; kubectl: Kubectl }> {
  const folder = await mkdtemp(join(tmpdir(), "kubectl-test-"));
  const cluster = await startCluster({ folder: join(folder, "cluster") });
  t.after(async () => {
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
  });
  const env = { PATH: process.env["PATH"], HOME: folder, KUBECONFIG: cluster.kubeconfigPath };
  const kubectl: Kubectl = (...args) =>
    new Promise((resolve) => {
      execFile("kubectl", args, { env, timeout: 30_000 }, (error, out, said) => {
        const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
        resolve({ code, out, error: said });
      });
    });
  await writeFile(join(folder, "web.yaml"), manifest);
  return { cluster, folder, kubectl };
}

const manifest = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: "example.test/web:v1", ports: [{containerPort: 8080}]}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {a: b}
`;

test("kubectl applies on the server's side, twice without a change, and tells the difference", { skip }, async (t) => {
  const { folder, kubectl } = await start(t);
  const file = join(folder, "web.yaml");
  const first = await kubectl("apply", "--server-side", "-f", file);
  assert.equal(first.error, "");
  assert.equal(first.out, "deployment.apps/web serverside-applied\nconfigmap/settings serverside-applied\n");
  const version = ["get", "configmap", "settings", "-o", "jsonpath={.metadata.resourceVersion}"];
  const before = (await kubectl(...version)).out;
  await kubectl("apply", "--server-side", "-f", file);
  assert.equal((await kubectl(...version)).out, before);
  assert.equal((await kubectl("diff", "--server-side", "-f", file)).code, 0);
  await writeFile(file, manifest.replace("a: b", "a: c"));
  const changed = await kubectl("diff", "--server-side", "-f", file);
  assert.deepEqual([changed.code, /^\+ {2}a: c$/m.test(changed.out)], [1, true]);
});

test("kubectl applies on its own side, and a misspelt field is refused", { skip }, async (t) => {
  const { folder, kubectl } = await start(t);
  const file = join(folder, "web.yaml");
  assert.equal((await kubectl("apply", "-f", file)).out, "deployment.apps/web created\nconfigmap/settings created\n");
  assert.equal(
    (await kubectl("apply", "-f", file)).out,
    "deployment.apps/web unchanged\nconfigmap/settings unchanged\n",
  );
  await writeFile(file, manifest.replace("replicas: 1", "replica: 1"));
  const wrong = await kubectl("apply", "-f", file);
  assert.equal(wrong.code, 1);
  assert.match(wrong.error, /unknown field "spec\.replica"/);
});

test("kubectl gets: columns, -o wide, yaml, jsonpath, selectors, and kinds that there are not", { skip }, async (t) => {
  const { folder, kubectl } = await start(t);
  await kubectl("apply", "--server-side", "-f", join(folder, "web.yaml"));
  const wide = (await kubectl("get", "deployment", "web", "-o", "wide")).out;
  assert.match(wide, /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE +CONTAINERS +IMAGES +SELECTOR\n/);
  assert.match(wide, /web +0\/1 .* +web +example\.test\/web:v1 +app=web/);
  await kubectl("wait", "--for=jsonpath={.status.phase}=Pending", "pod", "-l", "app=web", "--timeout=10s");
  assert.match(
    (await kubectl("get", "pods", "-l", "app=web")).out,
    /^NAME +READY +STATUS +RESTARTS +AGE\nweb-\S+ +0\/1 /,
  );
  assert.match((await kubectl("get", "cm", "settings", "-o", "yaml")).out, /^data:\n {2}a: b$/m);
  assert.equal((await kubectl("get", "deploy", "web", "-o", "jsonpath={.spec.replicas}")).out, "1");
  assert.match((await kubectl("get", "nodes")).out, /Ready +control-plane/);
  assert.match((await kubectl("get", "foos")).error, /the server doesn't have a resource type "foos"/);
});

test("kubectl describes, explains, scales, patches, labels and deletes", { skip }, async (t) => {
  const { folder, kubectl } = await start(t);
  const file = join(folder, "web.yaml");
  await kubectl("apply", "--server-side", "-f", file);
  const described = (await kubectl("describe", "deployment", "web")).out;
  assert.match(described, /RollingUpdateStrategy: +25% max unavailable, 25% max surge/);
  assert.match((await kubectl("explain", "deployment.spec.strategy")).out, /rollingUpdate\s+<RollingUpdateDeployment>/);
  assert.equal((await kubectl("scale", "deploy", "web", "--replicas=2")).out, "deployment.apps/web scaled\n");
  assert.equal((await kubectl("set", "image", "deploy/web", "web=example.test/web:v2")).code, 0);
  assert.equal((await kubectl("label", "cm", "settings", "x=y")).out, "configmap/settings labeled\n");
  assert.match((await kubectl("get", "events")).out, /ScalingReplicaSet/);
  assert.match((await kubectl("delete", "-f", file)).out, /deployment\.apps "web" deleted/);
  const gone = await kubectl("wait", "--for=delete", "pods", "-l", "app=web", "--timeout=20s");
  assert.equal(gone.code, 0);
});

test("kubectl makes a namespace and deletes it with what is in it", { skip }, async (t) => {
  const { folder, kubectl } = await start(t);
  const team = join(folder, "team.yaml");
  await writeFile(team, "apiVersion: v1\nkind: Namespace\nmetadata: {name: team}\n");
  await kubectl("apply", "--server-side", "-f", team);
  await kubectl("apply", "--server-side", "-n", "team", "-f", join(folder, "web.yaml"));
  const deleted = await kubectl("delete", "namespace", "team", "--timeout=20s");
  assert.deepEqual([deleted.code, deleted.out], [0, 'namespace "team" deleted\n']);
  assert.match((await kubectl("get", "ns", "team")).error, /namespaces "team" not found/);
});

test("kubectl get --watch shows changes as they come", { skip }, async (t) => {
  const { cluster, folder } = await start(t);
  const env = { PATH: process.env["PATH"], HOME: folder, KUBECONFIG: cluster.kubeconfigPath };
  const watching = spawn("kubectl", ["get", "configmaps", "--watch", "-o", "name"], { env });
  t.after(() => watching.kill());
  let out = "";
  const until = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      watching.once("close", () => reject(new Error(`the watch ended: ${out}`)));
      const look = (): void => {
        if (out.includes(text)) resolve();
      };
      watching.stdout.on("data", look);
      look();
    });
  watching.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  await until("configmap/kube-root-ca.crt");
  const metadata = { name: "new", namespace: "default" };
  await cluster.client.create({ group: "", resource: "configmaps" }, { apiVersion: "v1", kind: "ConfigMap", metadata });
  await until("configmap/new");
});
