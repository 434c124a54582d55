import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError } from "../client.ts";
import { isReady, startTestCluster, type TestCluster } from "./cluster-in-test.ts";
import type { Pod } from "./pod.ts";

const sh = (script: string) => ({ image: "example.test/sh:1", command: ["sh", "-c", script] });
const status = (pod: Pod) => pod.status?.containerStatuses?.[0];
const waiting = (reason: string) => (pod: Pod) => status(pod)?.state?.waiting?.reason === reason;

async function logOf({ node }: TestCluster, pod: string, more: object = {}): Promise<string> {
  const wanted = { container: "c", follow: false, previous: false, timestamps: false, ...more };
  const log = node.logs("default", pod, { ...wanted, signal: AbortSignal.timeout(10_000) });
  if (log instanceof ApiError) throw log;
  const chunks: Buffer[] = [];
  for await (const chunk of log) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

test("A failed liveness probe restarts the container, and the log of the run before is kept", async (t) => {
  const cluster = await startTestCluster(t);
  await cluster.run("ill", {
    ...sh("echo run; echo warn >&2; while :; do sleep 1; done"),
    livenessProbe: { exec: { command: ["sh", "-c", "echo no pulse; exit 1"] }, periodSeconds: 1, failureThreshold: 2 },
  });
  const ill = await cluster.when(
    "ill",
    (pod) => status(pod)?.restartCount === 1 && status(pod)?.state?.running !== undefined,
  );
  assert.equal(status(ill)?.lastState?.terminated?.exitCode, 143);
  const events = cluster.events("ill");
  assert.ok(events.includes("Unhealthy: Liveness probe failed: no pulse\n"), events.join("\n"));
  assert.ok(events.includes("Killing: Container c failed liveness probe, will be restarted"), events.join("\n"));
  assert.deepEqual((await logOf(cluster, "ill", { previous: true })).trim().split("\n").toSorted(), ["run", "warn"]);
});

test("A readiness probe that fails later takes the readiness away and gives it back", async (t) => {
  const cluster = await startTestCluster(t);
  await cluster.run("flap", {
    ...sh("echo > well; sleep 1.2; rm well; sleep 1.5; echo > well; while :; do sleep 1; done"),
    readinessProbe: { exec: { command: ["test", "-e", "well"] }, periodSeconds: 1, failureThreshold: 1 },
  });
  await cluster.when("flap", isReady);
  const gone = await cluster.when("flap", (pod) => !isReady(pod));
  assert.equal(status(gone)?.restartCount, 0);
  await cluster.when("flap", isReady);
});

test("A startup probe holds back readiness, and init containers run first and in order", async (t) => {
  const cluster = await startTestCluster(t);
  const shared = { name: "shared", mountPath: "/shared" };
  const init = (name: string, script: string) => ({ name, ...sh(script), volumeMounts: [shared] });
  await cluster.run(
    "slow",
    {
      ...sh("sleep 1; cat shared/order; echo > up; while :; do sleep 1; done"),
      volumeMounts: [shared],
      startupProbe: { exec: { command: ["test", "-e", "up"] }, periodSeconds: 1 },
    },
    {
      volumes: [{ name: "shared", emptyDir: {} }],
      initContainers: [init("one", "echo 1 >> shared/order"), init("two", "echo 2 >> shared/order")],
    },
  );
  const started = await cluster.when("slow", (pod) => status(pod)?.state?.running !== undefined);
  assert.equal(status(started)?.started, false);
  assert.equal(isReady(started), false);
  await cluster.when("slow", isReady);
  assert.equal(await logOf(cluster, "slow"), "1\n2\n");
});

test("A log can be followed to its end, and cut", async (t) => {
  const cluster = await startTestCluster(t);
  await cluster.run("talk", sh("for n in 1 2 3; do echo line $n; sleep 0.2; done"), { restartPolicy: "Never" });
  await cluster.when("talk", (pod) => status(pod)?.state?.running !== undefined);
  assert.equal(await logOf(cluster, "talk", { follow: true }), "line 1\nline 2\nline 3\n");
  assert.equal(await logOf(cluster, "talk", { tailLines: 1 }), "line 3\n");
  assert.equal(await logOf(cluster, "talk", { limitBytes: 4 }), "line");
  assert.match(await logOf(cluster, "talk", { tailLines: 1, timestamps: true }), /^\d{4}-\S+T\S+Z line 3\n$/);
  assert.equal(await logOf(cluster, "talk", { sinceTime: "2999-01-01T00:00:00Z" }), "");
  const none = { message: 'previous terminated container "c" in pod "talk" not found', code: 400 };
  await assert.rejects(logOf(cluster, "talk", { previous: true }), none);
});

test("What keeps a container from starting is said in the kubelet's words, and waits for its remedy", async (t) => {
  const cluster = await startTestCluster(t);
  await Promise.all([
    cluster.run("missing", { image: "example.test/none:1" }),
    cluster.run("invalid", { image: "Example:1" }),
    cluster.run("never", { imagePullPolicy: "Never" }),
    cluster.run("config", { envFrom: [{ configMapRef: { name: "settings" } }] }),
    cluster.run("root", { image: "example.test/sh:1", securityContext: { runAsNonRoot: true } }),
    cluster.run(
      "mount",
      { volumeMounts: [{ name: "v", mountPath: "/etc/v" }] },
      { volumes: [{ name: "v", configMap: { name: "settings" } }] },
    ),
    cluster.run("huge", { resources: { requests: { cpu: "1000" } } }),
  ]);
  const missing = await cluster.when("missing", waiting("ErrImagePull"));
  const notFound =
    'rpc error: code = NotFound desc = failed to pull and unpack image "example.test/none:1": failed to resolve ' +
    'reference "example.test/none:1": example.test/none:1: not found';
  assert.equal(status(missing)?.state?.waiting?.message, notFound);
  const backOff = await cluster.when("missing", waiting("ImagePullBackOff"));
  const message = `Back-off pulling image "example.test/none:1": ErrImagePull: ${notFound}`;
  assert.equal(status(backOff)?.state?.waiting?.message, message);
  await cluster.when("invalid", waiting("InvalidImageName"));
  await cluster.when("never", waiting("ErrImageNeverPull"));
  const root = await cluster.when("root", waiting("CreateContainerConfigError"));
  assert.match(
    status(root)?.state?.waiting?.message ?? "",
    /^container has runAsNonRoot and image will run as root \(pod: /,
  );
  const config = await cluster.when("config", waiting("CreateContainerConfigError"));
  assert.equal(status(config)?.state?.waiting?.message, 'configmap "settings" not found');
  const huge = await cluster.when("huge", (pod) => pod.status?.conditions?.[0]?.reason === "Unschedulable");
  assert.match(huge.status?.conditions?.[0]?.message ?? "", /1 Insufficient cpu\./);
  assert.ok(
    cluster
      .events("mount")
      .some((line) => /^FailedMount: MountVolume.SetUp failed for volume "v" : .*workingDir/.test(line)),
  );
  const metadata = { name: "settings", namespace: "default" };
  await cluster.client.create({ group: "", resource: "configmaps" }, { apiVersion: "v1", kind: "ConfigMap", metadata });
  await cluster.when("config", isReady);
});

test("Deleted while it waits for anything, a pod is gone at once", async (t) => {
  const cluster = await startTestCluster(t);
  await Promise.all([
    cluster.run("pulling", { image: "example.test/none:1" }),
    cluster.run("crashing", sh("exit 1")),
    cluster.run("config", { envFrom: [{ configMapRef: { name: "settings" } }] }),
    cluster.run("init", {}, { initContainers: [{ name: "i", ...sh("exit 1") }] }),
  ]);
  await cluster.when("pulling", waiting("ImagePullBackOff"));
  await cluster.when("crashing", waiting("CrashLoopBackOff"));
  await cluster.when("config", waiting("CreateContainerConfigError"));
  await cluster.when(
    "init",
    (pod) => pod.status?.initContainerStatuses?.[0]?.state?.waiting?.reason === "CrashLoopBackOff",
  );
  for (const name of ["pulling", "crashing", "config", "init"]) {
    await cluster.client.delete({ group: "", resource: "pods" }, "default", name);
    await cluster.gone(name);
  }
});
