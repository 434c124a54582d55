import assert from "node:assert/strict";
import { test } from "node:test";
import { valueAt } from "../model/json.ts";
import type { DeliveryRecord } from "../model/record.ts";
import { configMapYaml, deliveryYaml, deploymentYaml, namespaceYaml, openWorkbench } from "./workbench-in-test.ts";
import type { Workbench } from "./workbench-in-test.ts";

const scaler = `apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: scaler }
spec: { minReplicas: 1, maxReplicas: 3, scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: web } }
`;
const theirs = { fieldManager: "theirs", force: true, dryRun: false };
const named = (name: string) => ({ name, namespace: "one-staging" });

function at(commit: string) {
  return ({ outcome, revision }: DeliveryRecord): boolean => outcome === "healthy" && revision.commit === commit;
}

async function change(bench: Workbench, data: Record<string, string>): Promise<void> {
  const object = { apiVersion: "v1", kind: "ConfigMap", metadata: named("settings"), data };
  const answer = await bench.kube.apply(await bench.kind("v1", "ConfigMap"), object, theirs);
  assert.ok(answer.ok);
}

test("a field that delivery.yaml leaves to others is given once, and neither undone nor delivered any more", async (t) => {
  const bench = await openWorkbench(t, false);
  bench.commit({
    "delivery.yaml": deliveryYaml(),
    "staging/one/delivery.yaml": "ignore: [{ kind: ConfigMap, name: set*, fields: [data.mode] }]\n",
    "staging/one/all.yaml": `${namespaceYaml("one-staging")}---\n${configMapYaml("settings", { mode: "a", other: "1" })}`,
  });
  const { until, untilRecord } = await bench.engine();
  const data = async () => (await bench.get("v1", "ConfigMap", "one-staging", "settings"))?.["data"];
  await untilRecord("staging/one", "it is healthy", ({ outcome }) => outcome === "healthy");
  assert.deepEqual(await data(), { mode: "a", other: "1" });

  // What is Git's is undone, and what is theirs stays, though both changed at once.
  await change(bench, { mode: "theirs", other: "2" });
  const { drift } = await untilRecord("staging/one", "drift is undone", (record) => record.drift.length > 0);
  assert.deepEqual(
    drift.map(({ manager, fields }) => [manager, fields]),
    [["theirs", ["data.other"]]],
  );
  assert.deepEqual(await data(), { mode: "theirs", other: "1" });

  const next = bench.commit({
    "staging/one/all.yaml": `${namespaceYaml("one-staging")}---\n${configMapYaml("settings", { mode: "b", other: "3" })}`,
  });
  await untilRecord("staging/one", "the next is healthy", at(next));
  assert.deepEqual(await data(), { mode: "theirs", other: "3" });

  // A rule of the environment changes no tree, and letting go is no drift.
  const rule = `${deliveryYaml()}    ignore: [{ kind: ConfigMap, fields: [data.other] }]\n`;
  const ruled = bench.commit({ "delivery.yaml": rule });
  await until("the rule is read", ({ repository }) => repository.commit === ruled);
  await change(bench, { mode: "theirs", other: "theirs" });
  const removed = bench.commit({ "staging/one/more.yaml": configMapYaml("more", {}) });
  const last = await untilRecord("staging/one", "it is healthy with the environment's rule", at(removed));
  assert.deepEqual(await data(), { mode: "theirs", other: "theirs" });
  assert.ok(last.drift.length <= 2);

  const idle = bench.commit({
    "staging/one/delivery.yaml": "ignore: [{ kind: ConfigMap, name: sets, fields: [data.x] }]\n",
  });
  const refused = await untilRecord("staging/one", "it is refused", ({ revision }) => revision.commit === idle);
  assert.match(
    refused.message,
    /staging\/one\/delivery\.yaml: ignore names ConfigMap sets, and the application has no such/,
  );
});

test("replicas that Git declares are an autoscaler's once it targets the Deployment, and the record says so", async (t) => {
  const bench = await openWorkbench(t);
  const commit = bench.commit({
    "delivery.yaml": deliveryYaml(),
    "staging/one/all.yaml": [namespaceYaml("one-staging"), deploymentYaml("web", "ready")].join("---\n"),
  });
  const { untilRecord, decisions } = await bench.engine();
  await untilRecord("staging/one", "it is healthy", at(commit));
  const scaled = bench.commit({ "staging/one/scaler.yaml": scaler });
  await untilRecord("staging/one", "the autoscaler is there", ({ revision }) => revision.commit === scaled);
  const replicas = async () =>
    valueAt(await bench.get("apps/v1", "Deployment", "one-staging", "web"), "spec", "replicas");
  assert.equal(await replicas(), 1, "letting go keeps what is live");
  const deployment = { apiVersion: "apps/v1", kind: "Deployment", metadata: named("web"), spec: { replicas: 2 } };
  assert.ok((await bench.kube.apply(await bench.kind("apps/v1", "Deployment"), deployment, theirs)).ok);
  const removed = bench.commit({ "staging/one/scaler.yaml": scaler.replace("maxReplicas: 3", "maxReplicas: 4") });
  await untilRecord(
    "staging/one",
    "another revision is applied",
    ({ revision, applied }) => revision.commit === removed && applied.length > 0,
  );
  assert.equal(await replicas(), 2);
  assert.deepEqual(decisions.at(-1)?.drift, []);
});
