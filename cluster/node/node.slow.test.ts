import assert from "node:assert/strict";
import { test } from "node:test";
import { isReady, startTestCluster } from "./cluster-in-test.ts";
import type { Pod } from "./pod.ts";

const probe = { httpGet: { path: "/", port: 8080 }, periodSeconds: 1 };
const podsResource = { group: "", resource: "pods" };

test("A pod runs as a process on its own address, becomes Ready, and is stopped", async (t) => {
  const cluster = await startTestCluster(t);
  await cluster.run("web", { env: [{ name: "POD", value: "web" }], readinessProbe: probe });
  const ready = await cluster.when("web", isReady);
  const { podIP = "" } = ready.status ?? {};
  const { host, port } = cluster.node.dial(podIP, 8080);
  const answer = (await (await fetch(`http://${host}:${port}/`)).json()) as {
    pod: string;
    env: Record<string, string>;
  };
  assert.equal(answer.pod, "web");
  assert.equal(answer.env["FROM_IMAGE"], "yes");
  assert.equal(answer.env["HOSTNAME"], "web");
  assert.equal(answer.env["USER"], undefined, "nothing of the cluster's own environment");
  assert.deepEqual(
    ready.status?.conditions?.map(({ type, status }) => `${type}=${status}`),
    ["PodReadyToStartContainers=True", "Initialized=True", "Ready=True", "ContainersReady=True", "PodScheduled=True"],
  );
  await cluster.client.delete(podsResource, "default", "web");
  await cluster.gone("web");
  await assert.rejects(fetch(`http://${host}:${port}/`));
  const events = cluster.events("web").map((line) => line.replace(/ in \d+ms.*/, ""));
  assert.deepEqual(events, [
    "Scheduled: Successfully assigned default/web to plumbline",
    'Pulling: Pulling image "example.test/web:1"',
    'Pulled: Successfully pulled image "example.test/web:1"',
    "Created: Created container: c",
    "Started: Started container c",
    "Killing: Stopping container c",
  ]);
});

test("Pods end as their restart policy and exit codes say", async (t) => {
  const cluster = await startTestCluster(t);
  const sh = (script: string) => ({ image: "example.test/sh:1", command: ["sh", "-c", script] });
  await Promise.all([
    cluster.run("ok", sh("exit 0"), { restartPolicy: "Never" }),
    cluster.run("bad", sh("echo why > dev/termination-log; exit 3"), { restartPolicy: "Never" }),
    cluster.run("signal", sh("kill -TERM $$$$"), { restartPolicy: "Never" }),
    cluster.run("crash", sh("exit 1")),
    cluster.run("absent", { command: ["no-such-program"] }),
  ]);
  const ended = (pod: Pod) => pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
  const [ok, bad, signal] = await Promise.all(["ok", "bad", "signal"].map((name) => cluster.when(name, ended)));
  assert.equal(ok?.status?.phase, "Succeeded");
  assert.equal(bad?.status?.phase, "Failed");
  assert.equal(bad?.status?.containerStatuses?.[0]?.state?.terminated?.exitCode, 3);
  assert.equal(bad?.status?.containerStatuses?.[0]?.state?.terminated?.message, "why\n");
  assert.equal(signal?.status?.containerStatuses?.[0]?.state?.terminated?.exitCode, 143);
  const waits = (pod: Pod) => pod.status?.containerStatuses?.[0]?.state?.waiting?.reason === "CrashLoopBackOff";
  const crash = await cluster.when("crash", waits);
  const status = crash.status?.containerStatuses?.[0];
  assert.equal(status?.restartCount, 1, "the first restart is at once");
  assert.equal(status?.lastState?.terminated?.exitCode, 1);
  assert.equal(
    status?.state?.waiting?.message,
    `back-off 10s restarting failed container=c pod=crash_default(${crash.metadata.uid})`,
  );
  assert.equal(crash.status?.phase, "Running");
  await cluster.when("absent", (pod) => {
    return pod.status?.containerStatuses?.[0]?.state?.waiting?.reason === "RunContainerError";
  });
  const absent = await cluster.when("absent", waits);
  assert.match(
    absent.status?.containerStatuses?.[0]?.lastState?.terminated?.message ?? "",
    /exec: "no-such-program": executable file not found in \$PATH/,
  );
});

test("A process that ignores the stop signal is killed when the grace is over", async (t) => {
  const cluster = await startTestCluster(t);
  await cluster.run(
    "deaf",
    {
      image: "example.test/sh:1",
      command: ["sh", "-c", 'trap "" TERM; echo > set; while :; do sleep 0.1; done'],
      readinessProbe: { exec: { command: ["test", "-e", "set"] }, periodSeconds: 1 },
    },
    { terminationGracePeriodSeconds: 1 },
  );
  await cluster.when("deaf", isReady);
  const codes: number[] = [];
  const stop = cluster.client.watch<Pod>(podsResource, ({ object }) => {
    const code = object.status?.containerStatuses?.[0]?.state?.terminated?.exitCode;
    if (code !== undefined) codes.push(code);
  });
  t.after(stop);
  const begun = Date.now();
  await cluster.client.delete(podsResource, "default", "deaf");
  await cluster.gone("deaf");
  assert.ok(Date.now() - begun >= 1000);
  assert.equal(codes[0], 137);
});

test("A second deletion shortens the grace of the first", async (t) => {
  const cluster = await startTestCluster(t);
  const deaf = ["sh", "-c", 'trap "" TERM; echo > set; while :; do sleep 0.1; done'];
  const readinessProbe = { exec: { command: ["test", "-e", "set"] }, periodSeconds: 1 };
  const spec = { terminationGracePeriodSeconds: 600 };
  await cluster.run("deaf", { image: "example.test/sh:1", command: deaf, readinessProbe }, spec);
  await cluster.when("deaf", isReady);
  await cluster.client.delete(podsResource, "default", "deaf");
  await cluster.client.delete(podsResource, "default", "deaf", { gracePeriodSeconds: 1 });
  // Within the 20 s that the test waits, and not in ten minutes.
  await cluster.gone("deaf");
});

test("Where the machine has one loopback address, free ports stand for the pods' ports", async (t) => {
  const cluster = await startTestCluster(t, { oneAddress: true });
  assert.equal(cluster.node.ownAddresses, false);
  const run = (name: string) =>
    cluster.run(name, { ports: [{ containerPort: 8080 }], readinessProbe: probe, env: [{ name: "POD", value: name }] });
  await Promise.all(["one", "two"].map(run));
  const both = await Promise.all(["one", "two"].map((name) => cluster.when(name, isReady)));
  for (const { status, metadata } of both) {
    const { host, port } = cluster.node.dial(status?.podIP ?? "", 8080);
    assert.equal(host, "127.0.0.1");
    assert.equal(((await (await fetch(`http://${host}:${port}/`)).json()) as { pod: string }).pod, metadata.name);
  }
});

test(
  "A container above its memory limit is killed, and the status says so",
  { skip: process.platform !== "linux" },
  async (t) => {
    const cluster = await startTestCluster(t);
    const program = "const all = []; setInterval(() => all.push(Buffer.alloc(2 ** 24, 1)), 20)";
    const limited = { command: ["node", "-e", program], resources: { limits: { memory: "128Mi" } } };
    await cluster.run("greedy", limited, { restartPolicy: "Never" });
    const { status } = await cluster.when("greedy", (pod) => pod.status?.phase === "Failed");
    const terminated = status?.containerStatuses?.[0]?.state?.terminated;
    assert.equal(terminated?.reason, "OOMKilled");
    assert.equal(terminated?.exitCode, 137);
  },
);
