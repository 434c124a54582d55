import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock } from "../io/clock/clock.ts";
import { openMirror } from "../io/git/mirror.ts";
import { HttpsKube } from "../io/kube/https-kube.ts";
import { kubeconfigAccess } from "../io/kube/kubeconfig.ts";
import type { DeliveryRecord } from "../model/record.ts";
import { startEngine, statusText } from "./engine-in-test.ts";
import { configMapYaml, deliveryYaml, namespaceYaml, openWorkbench } from "./workbench-in-test.ts";

const isRefused = ({ outcome }: DeliveryRecord): boolean => outcome === "refused";

test("one bad manifest of three and nothing is changed; the record names file, line and remedy", async (t) => {
  const bench = await openWorkbench(t);
  const bad: Readonly<Record<string, { readonly files: Readonly<Record<string, string>>; readonly says: RegExp }>> = {
    yaml: { files: { "bad.yaml": "apiVersion: v1\nkind: [ConfigMap\n" }, says: /^staging\/yaml\/bad\.yaml:\d+: / },
    version: {
      files: { "bad.yaml": `# a comment\n${configMapYaml("bad", {}).replace("apiVersion: v1", "apiVersion: v2")}` },
      says: /^staging\/version\/bad\.yaml:2: ConfigMap .*does not serve/,
    },
    field: {
      files: { "bad.yaml": `${configMapYaml("bad", {})}data2: {}\n` },
      says: /^staging\/field\/bad\.yaml:1: .*data2/,
    },
    foreign: {
      files: { "bad.yaml": configMapYaml("bad", {}).replace("name: bad", "name: bad, namespace: kube-system") },
      says: /^staging\/foreign\/bad\.yaml:\d+: .*kube-system/,
    },
    key: {
      files: { "delivery.yaml": "rollout:\n  deadlin: 5s\n" },
      says: /^staging\/key\/delivery\.yaml:2: .*unknown key "deadlin"; known here: deadline/,
    },
  };
  const good = (name: string) => ({
    [`staging/${name}/a.yaml`]: namespaceYaml(`${name}-staging`),
    [`staging/${name}/c.yaml`]: configMapYaml("good", { a: "1" }),
  });
  bench.commit({
    "delivery.yaml": deliveryYaml(),
    ...good("fine"),
    ...Object.fromEntries(
      Object.entries(bad).flatMap(([name, { files }]) => [
        ...Object.entries(good(name)),
        ...Object.entries(files).map(([file, text]) => [`staging/${name}/${file}`, text] as const),
      ]),
    ),
  });
  const { untilRecord } = await bench.engine();
  for (const [name, { says }] of Object.entries(bad)) {
    const record = await untilRecord(`staging/${name}`, "it is refused", isRefused);
    assert.match(record.message, says);
    assert.match(record.message, /the cluster was not changed$/);
    assert.ok((record.remedy ?? "").length > 0, name);
    assert.ok(record.problems[0]?.where?.line, name);
    assert.equal(await bench.get("v1", "Namespace", "", `${name}-staging`), undefined, name);
  }
  // One application's trouble is not another's (behaviour O5).
  await untilRecord("staging/fine", "the good one is healthy", ({ outcome }) => outcome === "healthy");

  bench.commit({ "staging/version/bad.yaml": configMapYaml("bad", {}) });
  await untilRecord("staging/version", "the fix is healthy", ({ outcome }) => outcome === "healthy");
});

test("a repository that is not there, or a cluster that is not, is said with a remedy and tried again", async (t) => {
  const bench = await openWorkbench(t);
  const mirror = await openMirror({
    url: join(bench.folder, "nowhere.git"),
    folder: join(bench.folder, "nowhere-mirror.git"),
  });
  const lost = await startEngine({ git: mirror, kube: bench.kube }, () => mirror.close());
  bench.onEnd(() => lost.stop());
  const { repository } = await lost.until("it is told", (snapshot) => snapshot.repository.trouble !== undefined);
  assert.equal(repository.reachable, false);
  assert.match(repository.trouble?.message ?? "", /There is no repository at .*nowhere\.git/);
  assert.match(repository.trouble?.remedy ?? "", /git init --bare/);

  bench.commit({ "delivery.yaml": deliveryYaml(), "staging/one/all.yaml": namespaceYaml("one-staging") });
  const access = await kubeconfigAccess({ path: bench.cluster.kubeconfigPath, clock: systemClock });
  assert.ok(access.ok);
  const kube = new HttpsKube({
    access: { ...access.value, server: new URL("https://127.0.0.1:1") },
    clock: systemClock,
    random: Math.random,
  });
  bench.onEnd(() => kube.close());
  const { until } = await bench.engine({ kube });
  const snapshot = await until("the cluster's trouble is told", ({ repository: { trouble } }) => trouble !== undefined);
  assert.match(snapshot.repository.trouble?.message ?? "", /the API server cannot be reached/);
  assert.match(statusText(snapshot), /the API server cannot be reached/);
  assert.equal(bench.git("rev-list", "--count", "main"), "1");
});

test("the value of a Secret is in no log, record, status or error", async (t) => {
  const bench = await openWorkbench(t);
  const value = "hunter2-and-more";
  const coded = Buffer.from(value).toString("base64");
  const secret = (lines: string): string => `apiVersion: v1\nkind: Secret\nmetadata: { name: keys }\n${lines}\n`;
  bench.commit({
    "delivery.yaml": deliveryYaml(),
    "staging/one/all.yaml": `${namespaceYaml("one-staging")}---\n${secret(`data: { password: ${coded} }`)}`,
    "staging/bad/all.yaml": `${namespaceYaml("bad-staging")}---\n${secret(`stringData: { password: a }\nimmutable: ${value}`)}`,
    "staging/odd/all.yaml": `${namespaceYaml("odd-staging")}---\n${secret(`data: { password: ${value}: {`)}`,
  });
  const { untilRecord, engine, decisions, troubles } = await bench.engine();
  await untilRecord("staging/one", "it is healthy", ({ outcome }) => outcome === "healthy");
  await untilRecord("staging/bad", "it is refused", isRefused);
  await untilRecord("staging/odd", "it is refused", isRefused);
  const secrets = await bench.kind("v1", "Secret");
  const byHand = { fieldManager: "by-hand", force: true, dryRun: false };
  const changed = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "keys", namespace: "one-staging" },
    data: { password: Buffer.from(`${value}2`).toString("base64") },
  };
  assert.ok((await bench.kube.apply(secrets, changed, byHand)).ok);
  const drifted = await untilRecord("staging/one", "the change is undone", ({ drift }) => drift.length > 0);
  assert.equal(drifted.drift[0]?.manager, "by-hand");
  assert.deepEqual((await bench.get("v1", "Secret", "one-staging", "keys"))?.["data"], { password: coded });

  const said = [
    JSON.stringify(engine.snapshot()),
    statusText(engine.snapshot()),
    JSON.stringify(decisions),
    JSON.stringify(troubles),
    bench.git("log", "-p", "plumbline/log"),
  ].join("\n");
  for (const word of [value, coded, coded.slice(0, 16)]) assert.ok(!said.includes(word), `${word} was said`);
});
