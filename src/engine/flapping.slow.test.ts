import assert from "node:assert/strict";
import { test } from "node:test";
import { recordingKube } from "../io/kube/recording-kube.ts";
import type { Kube } from "../io/kube/kube.ts";
import { driftSentence } from "../model/record.ts";
import { configMapYaml, deliveryYaml, namespaceYaml, openWorkbench } from "./workbench-in-test.ts";

test("a field that is changed back again and again is left alone for longer and longer, and every surface says who does it", async (t) => {
  const bench = await openWorkbench(t, false);
  const all = `${namespaceYaml("one-staging")}---\n${configMapYaml("settings", { a: "1" })}`;
  bench.commit({ "delivery.yaml": deliveryYaml(), "staging/one/all.yaml": all });
  let restored = 0;
  const counting: Kube = {
    ...recordingKube(bench.kube, () => undefined),
    apply: (resource, object, options) => {
      if (object.metadata.name === "settings" && !options.dryRun) restored += 1;
      return bench.kube.apply(resource, object, options);
    },
  };
  const { untilRecord } = await bench.engine({ kube: counting });
  await untilRecord("staging/one", "it is healthy", ({ outcome }) => outcome === "healthy");
  const configMaps = await bench.kind("v1", "ConfigMap");
  const change = (): Promise<unknown> =>
    bench.kube.apply(
      configMaps,
      {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "settings", namespace: "one-staging" },
        data: { a: "theirs" },
      },
      { fieldManager: "rival", force: true, dryRun: false },
    );
  const end = bench.cluster.client.watch({ group: "", resource: "configmaps" }, ({ object }) => {
    if (object.metadata.name === "settings" && /"a":"1"/.test(JSON.stringify(object))) void change();
  });
  bench.onEnd(end);
  const before = restored;
  const { drift } = await untilRecord(
    "staging/one",
    "it backs off for two seconds",
    ({ drift: [newest] }) =>
      newest?.leftAloneUntil !== undefined && Date.parse(newest.leftAloneUntil) - Date.parse(newest.at) >= 2000,
  );
  assert.ok(restored - before <= 14, `${restored - before} writes for six changes: each at most a refusal and a force`);
  assert.equal(drift.length, 6);
  assert.equal(drift[0]?.manager, "rival");
  assert.match(driftSentence(drift[0]), /data\.a was changed by rival, again and again, .* left alone until 20/);
  assert.match(
    driftSentence(drift[0]),
    /write ignore: \[\{ kind: ConfigMap, name: settings, fields: \['data\.a'\] \}\]/,
  );
  assert.match(bench.git("log", "-1", "--format=%s", "plumbline/log"), /again and again/);
  assert.match(bench.git("show", "plumbline/log:status.json"), /"leftAloneUntil"/);
});
