import assert from "node:assert/strict";
import { test } from "node:test";
import { configMapYaml, deliveryYaml, namespaceYaml, openWorkbench } from "../../engine/workbench-in-test.ts";
import type { PlanDocument } from "../../model/plan-document.ts";
import { makePlace, plumb } from "../plumb-in-test.ts";

/** A Deployment without pods, of which the API server writes a part in its own way: a field's reference gets its version. */
function idleYaml(image: string): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata: { name: idle }
spec:
  replicas: 0
  selector: { matchLabels: { app: idle } }
  template:
    metadata: { labels: { app: idle } }
    spec:
      containers:
        - { name: idle, image: "${image}", env: [{ name: POD, valueFrom: { fieldRef: { fieldPath: metadata.name } } }] }
`;
}

test("against a cluster, what others changed there counts, the server tries it, and nothing is written (V4, V5)", async (t) => {
  const bench = await openWorkbench(t, false);
  const place = await makePlace(t);
  const first = bench.commit({
    "delivery.yaml": deliveryYaml(),
    "staging/shop/namespace.yaml": namespaceYaml("shop-staging"),
    "staging/shop/all.yaml": [
      configMapYaml("steady", { a: "1" }),
      configMapYaml("meddled", { a: "1" }),
      configMapYaml("gone", { a: "1" }),
      idleYaml("app:1"),
      configMapYaml("kept", { a: "1" }).replace(
        "name: kept",
        'name: kept, annotations: { plumbline.dev/prune: "false" }',
      ),
    ].join("---\n"),
  });
  const engine = await bench.engine();
  await engine.untilRecord("staging/shop", "it is healthy", ({ outcome }) => outcome === "healthy");
  await engine.stop();
  const at = [`--repository=${bench.remote}`, `--kubeconfig=${bench.cluster.kubeconfigPath}`];
  const whole = await plumb(t, place, "verify", "--json", ...at);
  assert.equal(whole.code, 0, whole.err);

  const configMaps = await bench.kind("v1", "ConfigMap");
  const meddled = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "meddled", namespace: "shop-staging" } };
  const by = { fieldManager: "somebody", force: true, dryRun: false };
  assert.ok((await bench.kube.apply(configMaps, { ...meddled, data: { a: "9" } }, by)).ok);
  const differs = await plumb(t, place, "verify", ...at);
  assert.equal(differs.code, 1);
  assert.match(
    differs.out,
    /ConfigMap shop-staging\/meddled: data\.a is 9, Git says 1 \(changed by somebody\)\n5 of 6 objects/,
  );

  const second = bench.commit({
    "staging/shop/namespace.yaml": null,
    "staging/shop/all.yaml": [
      configMapYaml("steady", { a: "1" }),
      configMapYaml("meddled", { a: "1" }),
      idleYaml("app:2"),
    ].join("---\n"),
  });
  const plan = async (range: string): Promise<PlanDocument> => {
    const { out, err } = await plumb(t, place, "plan", range, "--json", ...at);
    assert.notEqual(out, "", err);
    return JSON.parse(out) as PlanDocument;
  };
  const [shop] = (await plan(`${first}..${second}`)).applications;
  assert.ok(shop);
  assert.deepEqual(
    shop.objects.map(({ action, ref, fields }) => [action, ref.name, ...fields]),
    [
      ["configure", "meddled", { field: "data.a", by: "somebody", from: "9", to: "1" }],
      ["configure", "idle", { field: "spec.template.spec.containers[idle].image", from: "app:1", to: "app:2" }],
      ["delete", "gone"],
      ["keep", "shop-staging"],
      ["keep", "kept"],
    ],
  );
  assert.match(
    shop.objects.find(({ ref }) => ref.kind === "Namespace")?.why ?? "",
    /would go with it; if that is meant, write allowPrune: \[Namespace\/shop-staging\]/,
  );
  assert.match(shop.notes.join("\n"), /ConfigMap shop-staging\/meddled: data\.a is taken over from somebody/);
  assert.deepEqual([shop.verdict, shop.unchanged], ["delivered", 1]);

  const third = bench.commit({
    "staging/shop/all.yaml": configMapYaml("steady", { a: "1" }),
    "staging/shop/service.yaml":
      "apiVersion: v1\nkind: Service\nmetadata: { name: web }\nspec: { ports: [{ port: 80000 }] }\n",
  });
  const refused = await plumb(t, place, "plan", `${second}..${third}`, ...at);
  assert.equal(refused.code, 1, refused.out);
  assert.match(refused.out, /refused {2}staging\/shop\/service\.yaml:1: Service shop-staging\/web: /);
  const live = await bench.get("v1", "ConfigMap", "shop-staging", "meddled");
  assert.deepEqual(live?.["data"], { a: "9" }, "nothing was written");
  assert.equal(await bench.get("v1", "Service", "shop-staging", "web"), undefined);
});
