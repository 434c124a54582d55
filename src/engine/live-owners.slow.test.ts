import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "../io/clock/clock.ts";
import { applicationLabelKey } from "../model/application.ts";
import type { KubeObject } from "../model/kube-object.ts";
import { Live } from "./live.ts";
import { image, openWorkbench } from "./workbench-in-test.ts";

const container = { name: "app", image };
const template = { metadata: { labels: { app: "web" } }, spec: { containers: [container] } };
const deployment: KubeObject = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", namespace: "default", labels: { [applicationLabelKey]: "staging.web" } },
  spec: { replicas: 1, selector: { matchLabels: { app: "web" } }, template },
};

test("what becomes of a pod is told of the Deployment behind it, and of the pod itself where there is none", async (t) => {
  const bench = await openWorkbench(t);
  let look: (object: KubeObject) => void = () => {};
  const live = new Live(bench.kube, systemClock, (object) => look(object));
  bench.onEnd(() => live.close());
  /** The object that is told of when there is such a pod, or none any more, for the first time. */
  const toldOf = (fits: (pods: readonly KubeObject[]) => boolean): Promise<KubeObject> =>
    new Promise((resolve) => {
      look = (object) => {
        if (fits(live.list("", "Pod", "default"))) resolve(object);
      };
    });
  const isRunning = ({ status }: KubeObject): boolean => JSON.stringify(status).includes('"phase":"Running"');
  const options = { fieldManager: "test", force: true, dryRun: false };
  await live.watch([{ apiVersion: "apps/v1", kind: "Deployment", namespace: "default" }]);

  const runs = toldOf((pods) => pods.some(isRunning));
  assert.ok((await bench.kube.apply(await bench.kind("apps/v1", "Deployment"), deployment, options)).ok);
  const told = await runs;
  assert.deepEqual([told.kind, told.metadata.name], ["Deployment", "web"]);

  const bare = { apiVersion: "v1", kind: "Pod", metadata: { name: "bare", namespace: "default" } };
  const comes = toldOf((pods) => pods.some(({ metadata }) => metadata.name === "bare"));
  const pods = await bench.kind("v1", "Pod");
  assert.ok((await bench.kube.apply(pods, { ...bare, spec: { containers: [container] } }, options)).ok);
  assert.equal((await comes).metadata.name, "bare");

  const [first] = live.list("", "Pod", "default").filter(({ metadata }) => metadata.name !== "bare");
  const goes = toldOf((now) => now.every(({ metadata }) => metadata.name !== first?.metadata.name));
  assert.ok((await bench.kube.delete(pods, "default", first?.metadata.name ?? "")).ok);
  assert.equal((await goes).kind, "Deployment");
});
