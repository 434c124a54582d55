import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { startTestCluster } from "./cluster-in-test.ts";

const pods = { group: "", resource: "pods" };

/** What this process holds open, by kind; listeners and children are what a pod could leave behind. */
function held(): Readonly<Record<string, number>> {
  const kinds = process.getActiveResourcesInfo();
  const count = (kind: string) => kinds.filter((each) => each === kind).length;
  return { processes: count("ProcessWrap"), listeners: count("TCPServerWrap"), pipes: count("PipeWrap") };
}

test("pods that come and go quickly leave no process, listener, pipe, file or folder", async (t) => {
  const cluster = await startTestCluster(t);
  const loop = { image: "example.test/sh:1", command: ["sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.1; done"] };
  const probe = { httpGet: { path: "/", port: 8080 }, periodSeconds: 1 };
  const churn = async (names: readonly string[]) => {
    for (const [at, name] of names.entries()) {
      await cluster.run(name, at % 5 === 0 ? { readinessProbe: probe } : loop);
      // Some go before they have begun, some while they start, some at once and some with their grace.
      if (at % 3 === 0) await cluster.when(name, (pod) => pod.status?.podIP !== undefined);
      await cluster.client.delete(pods, "default", name, at % 2 === 0 ? { gracePeriodSeconds: 0 } : {});
    }
    await Promise.all(names.map((name) => cluster.gone(name)));
  };
  await churn(["first-0", "first-1"]);
  await settled(cluster.folder);
  const [before, files] = [held(), (await readdir("/dev/fd")).length];
  await churn(Array.from({ length: 30 }, (_, at) => `pod-${at}`));
  await settled(cluster.folder);
  assert.deepEqual(held(), before);
  const now = (await readdir("/dev/fd")).length;
  assert.ok(now <= files, `${now} open files where there were ${files}`);
});

/** Waits until the last pod's folder is gone and its process is reaped: the object may go a moment before. */
async function settled(folder: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const left = await readdir(join(folder, "node", "pods"));
    if (left.length === 0 && held()["processes"] === 0) return;
    assert.ok(Date.now() < deadline, `left: ${left.join(", ")} ${JSON.stringify(held())}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
