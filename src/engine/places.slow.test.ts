import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { recordingKube } from "../io/kube/recording-kube.ts";
import type { RecordedRequest } from "../io/kube/recording-kube.ts";
import { configMapYaml, deliveryYaml, deploymentYaml, namespaceYaml, openWorkbench } from "./workbench-in-test.ts";

test("an environment is delivered to the cluster that it names, and to no other", async (t: TestContext) => {
  const near = await openWorkbench(t);
  const far = await openWorkbench(t);
  const production = "  production:\n    cluster: far\n    rollout: { deadline: 20s, soak: 300ms }\n";
  near.commit({
    "delivery.yaml": `${deliveryYaml()}${production}`,
    "staging/one/namespace.yaml": namespaceYaml("one-staging"),
    "staging/one/web.yaml": deploymentYaml("web", "ready"),
    "production/one/namespace.yaml": namespaceYaml("one-production"),
    "production/one/web.yaml": deploymentYaml("web", "ready"),
  });
  const engine = await near.engine({ openCluster: (name) => Promise.resolve(name === "far" ? far.kube : near.kube) });
  await engine.untilRecord("staging/one", "it is healthy", ({ outcome }) => outcome === "healthy");
  const record = await engine.untilRecord("production/one", "it is healthy", ({ outcome }) => outcome === "healthy");
  assert.equal(record.cluster, "far");
  assert.ok(await near.get("apps/v1", "Deployment", "one-staging", "web"));
  assert.equal(await near.get("v1", "Namespace", "", "one-production"), undefined);
  assert.ok(await far.get("apps/v1", "Deployment", "one-production", "web"));
  assert.equal(await far.get("v1", "Namespace", "", "one-staging"), undefined);
});

test("a cluster that the engine does not know holds up the environments that name it, and no other", async (t: TestContext) => {
  const bench = await openWorkbench(t, false);
  bench.commit({
    "delivery.yaml": `${deliveryYaml()}  production:\n    cluster: far\n`,
    "staging/one/namespace.yaml": namespaceYaml("one-staging"),
    "production/one/namespace.yaml": namespaceYaml("one-production"),
  });
  const engine = await bench.engine();
  await engine.untilRecord("staging/one", "it is healthy", ({ outcome }) => outcome === "healthy");
  const { repository } = await engine.until(
    "the trouble is told",
    ({ repository }) => repository.trouble !== undefined,
  );
  assert.equal(repository.trouble?.code, "cluster-unknown");
  assert.match(repository.trouble?.remedy ?? "", /--clusters/);
});

test("an account that may see only its namespaces watches only there", async (t: TestContext) => {
  const bench = await openWorkbench(t);
  const seen: RecordedRequest[] = [];
  const kube = recordingKube(bench.kube, (request) => seen.push(request));
  bench.commit({
    "delivery.yaml": deliveryYaml(),
    ...Object.fromEntries(
      ["one", "two"].flatMap((name) => [
        [`staging/${name}/namespace.yaml`, namespaceYaml(`${name}-staging`)],
        [`staging/${name}/settings.yaml`, configMapYaml("settings", { of: name })],
        [`staging/${name}/web.yaml`, deploymentYaml("web", "ready")],
      ]),
    ),
  });
  const engine = await bench.engine({ kube, watchScope: "namespaces" });
  for (const id of ["staging/one", "staging/two"])
    await engine.untilRecord(id, "it is healthy", ({ outcome }) => outcome === "healthy");
  const watched = seen.filter(({ verb }) => verb === "watch").map(({ what, namespace }) => `${namespace}/${what}`);
  const perNamespace = ["ConfigMap", "Deployment", "Pod", "ReplicaSet"];
  const wanted = ["one-staging", "two-staging"].flatMap((namespace) =>
    perNamespace.map((kind) => `${namespace}/${kind}`),
  );
  const inventories = "plumbline-system/ConfigMap";
  assert.deepEqual(watched.toSorted(), ["/Namespace", inventories, ...wanted].toSorted());

  const configMaps = await bench.kind("v1", "ConfigMap");
  const undone = engine.untilRecord("staging/two", "the drift is undone", ({ drift }) => drift.length > 0);
  assert.ok((await bench.kube.delete(configMaps, "two-staging", "settings")).ok);
  await undone;
  assert.ok(await bench.get("v1", "ConfigMap", "two-staging", "settings"));
});
