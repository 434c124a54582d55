import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { seeded } from "../../cluster/faults/fault.ts";
import type { Fault, Faults } from "../../cluster/faults/fault.ts";
import { startFaultyServer } from "../../cluster/faults/faulty-server.ts";
import { systemClock } from "../io/clock/clock.ts";
import { HttpsKube } from "../io/kube/https-kube.ts";
import { kubeconfigAccess } from "../io/kube/kubeconfig.ts";
import { configMapYaml, deliveryYaml, deploymentYaml, namespaceYaml, openWorkbench } from "./workbench-in-test.ts";

/** An engine whose API server is behind these faults, with the kinds of faults that it met. */
async function behindFaults(t: TestContext, faults: Faults) {
  const bench = await openWorkbench(t);
  const met = new Map<string, number>();
  const server = await startFaultyServer({
    behind: bench.cluster.kubeconfigPath,
    kubeconfigPath: join(bench.folder, "faulty.kubeconfig"),
    faults: (request) => {
      const fault = faults(request);
      if (fault) met.set(fault.is, (met.get(fault.is) ?? 0) + 1);
      return fault;
    },
  });
  const access = await kubeconfigAccess({ path: server.kubeconfigPath, clock: systemClock });
  assert.ok(access.ok);
  const kube = new HttpsKube({ access: access.value, clock: systemClock, random: Math.random });
  bench.onEnd(async () => {
    kube.close();
    await server.stop();
  });
  return { bench, kube, met, server };
}

const wrong: readonly Fault[] = [
  { is: "latency", ms: 100 },
  { is: "broken", effect: false },
  { is: "broken", effect: true },
  { is: "error", effect: false, code: 503 },
  { is: "error", effect: true, code: 504 },
  { is: "throttled", retryAfter: 1 },
  { is: "dropped", after: 2 },
  { is: "late", ms: 100 },
  { is: "expired", after: 1 },
];

test("a delivery, a rollback and the undoing of drift come through faults of every kind (behaviour O3)", async (t) => {
  const seed = Number(process.env["PLUMB_SEED"] ?? 9);
  t.diagnostic(`seed ${seed}: PLUMB_SEED=${seed} repeats the faults`);
  const { bench, kube, met } = await behindFaults(t, seeded(seed, 0.2, wrong));
  bench.commit({
    "delivery.yaml": deliveryYaml("{ deadline: 2m, soak: 300ms }"),
    "staging/one/namespace.yaml": namespaceYaml("one-staging"),
    "staging/one/settings.yaml": configMapYaml("settings", { a: "1" }),
    "staging/one/app.yaml": deploymentYaml("web", "ready"),
  });
  const { untilRecord, stop } = await bench.engine({ kube });
  await untilRecord("staging/one", "healthy", ({ outcome }) => outcome === "healthy");

  const broken = bench.commit({ "staging/one/app.yaml": deploymentYaml("web", "ready", { image: "Not:a:name" }) });
  await untilRecord(
    "staging/one",
    "rolled back and healthy again",
    ({ outcome, revision }) =>
      outcome === "healthy" &&
      revision.commit !== broken &&
      bench.git("log", "-1", "--format=%H", "main") === revision.commit,
  );
  assert.equal(bench.git("rev-list", "--count", "main"), "3", "one rollback commit, however often it was tried");

  const configMaps = await bench.kind("v1", "ConfigMap");
  await bench.kube.delete(configMaps, "one-staging", "settings");
  await new Promise<void>((resolve) => {
    const end = bench.cluster.client.watch({ group: "", resource: "configmaps" }, ({ type, object }) => {
      const { name, namespace } = object.metadata;
      if (type !== "DELETED" && name === "settings" && namespace === "one-staging") resolve();
    });
    bench.onEnd(end);
  });
  assert.deepEqual((await bench.get("v1", "ConfigMap", "one-staging", "settings"))?.["data"], { a: "1" });
  await stop();
  assert.ok(met.size >= 2, `met ${JSON.stringify([...met])}`);
  t.diagnostic(`met ${JSON.stringify([...met])}`);
});

test("an API server that restarts is waited for, and what was pushed meanwhile is delivered", async (t) => {
  const { bench, kube, server } = await behindFaults(t, () => undefined);
  const files = (a: string) => ({
    "delivery.yaml": deliveryYaml(),
    "staging/one/all.yaml": `${namespaceYaml("one-staging")}---\n${configMapYaml("settings", { a })}`,
  });
  bench.commit(files("1"));
  const { untilRecord, until } = await bench.engine({ kube });
  await untilRecord("staging/one", "healthy", ({ outcome }) => outcome === "healthy");
  await server.stop();
  const commit = bench.commit(files("2"));
  await until("the commit is read", ({ repository }) => repository.commit === commit);
  await server.start();
  await untilRecord(
    "staging/one",
    "the commit is healthy",
    ({ outcome, revision }) => outcome === "healthy" && revision.commit === commit,
  );
  assert.deepEqual((await bench.get("v1", "ConfigMap", "one-staging", "settings"))?.["data"], { a: "2" });
});
