import assert from "node:assert/strict";
import { test } from "node:test";
import { valueAt } from "../model/json.ts";
import type { Json } from "../model/json.ts";
import type { DeliveryRecord } from "../model/record.ts";
import {
  configMapYaml,
  deliveryYaml,
  deploymentYaml,
  namespaceYaml,
  openWorkbench,
  programYaml,
} from "./workbench-in-test.ts";
import type { Workbench } from "./workbench-in-test.ts";

const namespace = "one-staging";
const serviceYaml = `apiVersion: v1
kind: Service
metadata: { name: web }
spec: { selector: { app: web }, ports: [ { name: http, port: 80, targetPort: 8080 } ] }
`;
const check = '{ http: "http://web/", expect: { status: 200 } }';
const gate = (soak: string, more = `, checks: [${check}]`): string =>
  deliveryYaml(`{ deadline: 20s, soak: 300ms, maxRestarts: 0, canary: { share: 50%, soak: ${soak} }${more} }`);
const reads = ["{ name: VALUE, valueFrom: { configMapKeyRef: { name: settings, key: a } } }"];

/** Two pods of web, in a mode, with a value of their configuration. */
const web = (mode: string, value: string): Record<string, string> => ({
  "staging/one/web.yaml": deploymentYaml("web", mode, { env: [...reads, `{ name: OF, value: "${value}" }`] }).replace(
    "replicas: 1",
    "replicas: 2",
  ),
  "staging/one/settings.yaml": configMapYaml("settings", { a: value }),
});

async function open(bench: Workbench, soak: string, more?: string) {
  bench.commit({
    "delivery.yaml": gate(soak, more),
    "staging/one/namespace.yaml": namespaceYaml(namespace),
    "staging/one/service.yaml": serviceYaml,
    ...web("ready", "1"),
  });
  const engine = await bench.engine();
  const first = await engine.untilRecord("staging/one", "it is healthy", ({ outcome }) => outcome === "healthy");
  assert.equal(first.canary, undefined, "the first delivery has no canary");
  const deployment = async (name: string): Promise<Json> =>
    (await bench.get("apps/v1", "Deployment", namespace, name)) ?? null;
  return { engine, deployment, before: await deployment("web") };
}

const isDone =
  (commit: string) =>
  ({ outcome, revision }: DeliveryRecord): boolean =>
    outcome === "healthy" && revision.commit === commit;
const isTrying =
  (commit: string) =>
  ({ outcome, reason, revision, canary }: DeliveryRecord): boolean =>
    outcome === "progressing" &&
    reason === "Soaking" &&
    revision.commit === commit &&
    canary !== undefined &&
    canary.passedAt === undefined;

test("a canary tries a template beside the old pods; when it has passed the rest follows, and it goes", async (t) => {
  const bench = await openWorkbench(t);
  const { engine, deployment, before } = await open(bench, "2s");
  const commit = bench.commit(web("ready", "2"));
  const trying = await engine.untilRecord("staging/one", "the canary soaks", isTrying(commit));
  assert.deepEqual(trying.canary, { pods: 1, beside: 2 });
  assert.match(trying.message, /^canary of 1 pod beside 2: every object is healthy; it must stay so for 2 s/);
  assert.deepEqual(await deployment("web"), before, "the old revision is not touched");
  const settings = async (name: string): Promise<Json | undefined> =>
    valueAt((await bench.get("v1", "ConfigMap", namespace, name)) ?? null, "data", "a");
  assert.equal(await settings("settings"), "1");
  assert.equal(await settings("settings-canary"), "2");
  const { pods } = engine.engine.snapshot().applications[0]?.observation ?? { pods: [] };
  assert.deepEqual(
    pods.map(({ workload, generation }) => [workload, generation]),
    [
      ["web", "old"],
      ["web", "old"],
      ["web-canary", "new"],
    ],
  );
  // Behind Git's back the old revision is changed: that is drift of what is to be live now, and undone.
  const kind = await bench.kind("apps/v1", "Deployment");
  const body = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", namespace },
    spec: { replicas: 1 },
  };
  assert.ok((await bench.kube.apply(kind, body, { fieldManager: "somebody", force: true, dryRun: false })).ok);

  const record = await engine.untilRecord("staging/one", "all of it is healthy", isDone(commit));
  assert.ok(record.canary?.passedAt);
  assert.deepEqual(
    record.drift.map(({ ref, manager, fields }) => [ref.name, manager, fields]),
    [["web", "somebody", ["spec.replicas"]]],
    "what waited for the canary did not drift",
  );
  assert.equal(await settings("settings"), "2");
  assert.equal(valueAt(await deployment("web"), "status", "updatedReplicas"), 2);
  for (const [apiVersion, name] of [
    ["apps/v1", "Deployment"],
    ["v1", "Service"],
    ["v1", "ConfigMap"],
  ] as const) {
    assert.equal(
      await bench.get(apiVersion, name, namespace, name === "ConfigMap" ? "settings-canary" : "web-canary"),
      undefined,
    );
  }
});

test("a canary that fails is rolled back before any old pod was touched, and serves nobody meanwhile", async (t) => {
  const bench = await openWorkbench(t);
  const { engine, deployment, before } = await open(bench, "300ms");
  const broken = bench.commit(web("crash", "2"));
  const failed = await engine.untilRecord(
    "staging/one",
    "it is rolled back",
    ({ outcome, revision }) => outcome === "rolled-back" && revision.commit === broken,
  );
  assert.match(
    failed.message,
    /^canary of 1 pod beside 2: Deployment one-staging\/web-canary: pod web-canary-\S+: container app keeps crashing/,
  );
  const back = await engine.untilRecord(
    "staging/one",
    "it is healthy",
    (one) => one.outcome === "healthy" && one.revision.undoes === broken,
  );
  assert.equal(back.canary, undefined, "what goes back is not tried first");
  assert.deepEqual(await deployment("web"), before);
  assert.equal(await deployment("web-canary"), null);
});

test("a newer commit ends the wait for a canary, and an engine that starts again goes on with it", async (t) => {
  const bench = await openWorkbench(t);
  const { engine, deployment, before } = await open(bench, "4s");
  const stuck = bench.commit(web("never", "2"));
  await engine.untilRecord(
    "staging/one",
    "the canary is not ready",
    ({ revision, message }) => revision.commit === stuck && /not ready/.test(message),
  );
  const fix = bench.commit(web("ready", "3"));
  await engine.untilRecord("staging/one", "the fix soaks", isTrying(fix));
  assert.deepEqual(await deployment("web"), before);
  await engine.stop();
  const again = await bench.engine();
  await again.untilRecord("staging/one", "the fix is healthy", isDone(fix));
  assert.equal(bench.git("rev-parse", "main"), fix, "nothing was rolled back");
  const passed = again.decisions.filter(({ canary }) => canary?.passedAt !== undefined);
  assert.equal(new Set(passed.map(({ canary }) => canary?.passedAt)).size, 1, "it has passed once");
});

test("with policy hold a canary that fails stays for a person to look at, and the old revision serves", async (t) => {
  const bench = await openWorkbench(t);
  const { engine, deployment, before } = await open(bench, "300ms", `, onFailure: hold, checks: [${check}]`);
  const broken = bench.commit(web("crash", "2"));
  const held = await engine.untilRecord("staging/one", "it is held", ({ outcome }) => outcome === "held");
  assert.match(held.message, /^canary of 1 pod beside 2: .*crashing/);
  assert.equal(bench.git("rev-parse", "main"), broken);
  assert.deepEqual(await deployment("web"), before);
  assert.equal(valueAt(await deployment("web-canary"), "spec", "replicas"), 1);
});

/** Answers like a Prometheus that counts four errors of the canary for each of the others. */
const metrics = `
require("node:http").createServer((request, response) => {
  const query = new URL(request.url, "http://p").searchParams.get("query") ?? "";
  const value = query.includes("web-canary-") ? "4" : "1";
  response.end(JSON.stringify({ status: "success", data: { resultType: "vector", result: [{ value: [0, value] }] } }));
}).listen(9090);
process.on("SIGTERM", () => process.exit(0));
`;
const metricsYaml = programYaml("metrics", metrics, "[ { port: 9090 } ]");

test("a metric that is worse than that of the old pods beside it ends the canary at once, within its soak", async (t) => {
  const bench = await openWorkbench(t);
  const metric = `{ prometheus: "http://metrics.${namespace}:9090", query: "e{pod=~'{pods}'}", compare: { atMost: 1.5 }, failAfter: 500ms }`;
  bench.commit({ "staging/one/metrics.yaml": metricsYaml });
  const { engine, deployment, before } = await open(bench, "1h", `, checks: [${metric}]`);
  const worse = bench.commit(web("ready", "2"));
  const failed = await engine.untilRecord(
    "staging/one",
    "it is rolled back",
    ({ outcome, revision }) => outcome === "rolled-back" && revision.commit === worse,
  );
  assert.equal(failed.reason, "CheckFailed");
  assert.match(failed.message, /is 4 of the new pods, more than 1.5 times the 1 of the old ones; it has failed for /);
  assert.deepEqual(await deployment("web"), before);
});
