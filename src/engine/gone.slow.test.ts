import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeliveryRecord } from "../model/record.ts";
import { configMapYaml, deliveryYaml, deploymentYaml, namespaceYaml, openWorkbench } from "./workbench-in-test.ts";
import type { Workbench } from "./workbench-in-test.ts";

const isHealthy = ({ outcome }: DeliveryRecord): boolean => outcome === "healthy";
const isHeld = ({ outcome }: DeliveryRecord): boolean => outcome === "held";
const all = `${namespaceYaml("one-staging")}---\n${configMapYaml("settings", { a: "1" })}`;

function settings(bench: Workbench) {
  return bench.get("v1", "ConfigMap", "one-staging", "settings");
}

test("a directory that vanishes removes nothing: it is held until Git says that it is meant, and then forgotten", async (t) => {
  const bench = await openWorkbench(t);
  bench.commit({
    "delivery.yaml": deliveryYaml(),
    "staging/one/all.yaml": all,
    "staging/two/all.yaml":
      configMapYaml("x", {}).replace("name: x", "name: x, namespace: two-staging") +
      `---\n${namespaceYaml("two-staging")}`,
  });
  const first = await bench.engine();
  await first.untilRecord("staging/one", "it is healthy", isHealthy);
  await first.untilRecord("staging/two", "the other is healthy", isHealthy);

  const removal = bench.commit({ "staging/one": null }, "Remove one");
  const held = await first.untilRecord("staging/one", "it is held", isHeld);
  assert.equal(held.revision.commit, removal);
  assert.equal(held.reason, "WouldRemoveEverything");
  assert.match(held.message, /staging\/one is gone from Git; the 2 objects .* left in the cluster as they are/);
  assert.match(held.remedy ?? "", /put back staging\/one .*allowEmpty: true/);
  assert.ok(await settings(bench));
  await first.stop();

  // An engine that starts knows of it from the delivery log alone.
  const second = await bench.engine();
  await second.untilRecord("staging/one", "it is held still", isHeld);
  assert.ok(await settings(bench));

  bench.commit({ "staging/one/delivery.yaml": "allowEmpty: true\n" });
  await second.untilRecord("staging/one", "everything is pruned", isHealthy);
  assert.equal(await settings(bench), undefined);
  bench.commit({ "staging/one": null });
  await second.until("it is forgotten", ({ applications }) => applications.length === 1);
  await second.stop();

  const third = await bench.engine();
  const seen = await third.until("the other is there", ({ applications }) => applications.length > 0);
  assert.deepEqual(
    seen.applications.map(({ application }) => application.id),
    ["staging/two"],
  );
});

test("a directory without manifests, or an environment taken out of delivery.yaml, removes nothing", async (t) => {
  const bench = await openWorkbench(t);
  bench.commit({ "delivery.yaml": deliveryYaml(), "staging/one/all.yaml": all });
  const { untilRecord } = await bench.engine();
  await untilRecord("staging/one", "it is healthy", isHealthy);
  bench.commit({ "staging/one/all.yaml": null, "staging/one/README.md": "nothing\n" });
  const empty = await untilRecord("staging/one", "it is held", isHeld);
  assert.match(empty.message, /would remove everything/);
  assert.match(empty.remedy ?? "", /allowEmpty: true/);
  assert.ok(await settings(bench));

  bench.commit({ "staging/one/all.yaml": all });
  await untilRecord("staging/one", "it is healthy again", isHealthy);
  const taken = bench.commit({ "delivery.yaml": deliveryYaml(undefined, "production") });
  const held = await untilRecord(
    "staging/one",
    "it is held again",
    ({ outcome, revision }) => outcome === "held" && revision.commit === taken,
  );
  assert.match(held.message, /gone from Git/);
  assert.ok(await settings(bench));
  bench.commit({ "delivery.yaml": deliveryYaml() });
  await untilRecord("staging/one", "it is healthy once more", isHealthy);
});

test("a broken delivery.yaml is told on every surface and changes nothing; what was good before goes on, after a restart too", async (t) => {
  const bench = await openWorkbench(t);
  bench.commit({ "delivery.yaml": deliveryYaml(), "staging/one/all.yaml": all });
  const first = await bench.engine();
  await first.untilRecord("staging/one", "it is healthy", isHealthy);

  const other = all.replace('"1"', '"2"');
  bench.commit({ "delivery.yaml": `${deliveryYaml()}surprise: true\n`, "staging/one/all.yaml": other });
  const broken = await first.until("the trouble is told", ({ repository }) => repository.trouble !== undefined);
  assert.equal(broken.repository.trouble?.where?.file, "delivery.yaml");
  assert.equal(broken.repository.trouble.where.line, 4);
  assert.match(broken.repository.trouble.message, /unknown key "surprise"; known here: require, layout, environments/);
  await first.engine.refresh();
  assert.match(bench.git("show", "plumbline/log:status.json"), /"trouble": "delivery\.yaml:4: [^}]*unknown key/);
  // A fetch that finds nothing new does not forget it.
  assert.ok(first.engine.snapshot().repository.trouble);
  await undoesDrift(bench);
  await first.stop();

  const second = await bench.engine();
  await second.untilRecord("staging/one", "it is still delivered", isHealthy);
  assert.ok(second.engine.snapshot().repository.trouble);
  await undoesDrift(bench);
  assert.deepEqual((await settings(bench))?.["data"], { a: "1" });

  bench.commit({ "delivery.yaml": deliveryYaml() });
  await second.until("it is mended", ({ repository }) => repository.trouble === undefined);
  await second.until(
    "what came meanwhile is delivered",
    ({ applications: [one] }) =>
      one?.record.outcome === "healthy" &&
      one.record.revision.subject === "Change files" &&
      one.record.applied.length > 0 &&
      one.record.revision.tree === bench.git("rev-parse", "main:staging/one"),
  );
  assert.deepEqual((await settings(bench))?.["data"], { a: "2" });
  assert.doesNotMatch(bench.git("show", "plumbline/log:status.json"), /"trouble"/);
});

test("a directory that is renamed takes its objects along by the words that the record gives, and the old name is forgotten", async (t) => {
  const bench = await openWorkbench(t, false);
  const shared = `${deliveryYaml()}    namespace: shared\n`;
  const manifest = configMapYaml("settings", { a: "1" });
  bench.commit({ "delivery.yaml": shared, "staging/home/all.yaml": namespaceYaml("shared") });
  const { until, untilRecord } = await bench.engine();
  await untilRecord("staging/home", "the namespace is there", isHealthy);
  bench.commit({ "staging/one/settings.yaml": manifest });
  await untilRecord("staging/one", "it is healthy", isHealthy);
  const { metadata } = (await bench.get("v1", "ConfigMap", "shared", "settings")) ?? assert.fail("it is there");

  bench.commit({ "staging/one/settings.yaml": null, "staging/two/settings.yaml": manifest }, "Rename one");
  const held = await untilRecord("staging/one", "the old one is held", isHeld);
  assert.match(held.message, /staging\/one is gone from Git; the 1 object that it delivered is left/);
  const refused = await untilRecord("staging/two", "the new one is refused", ({ outcome }) => outcome === "refused");
  assert.match(refused.message, /ConfigMap shared\/settings is delivered by another application \(staging\.one\)/);
  const [, words] = /annotate it with (\S+: \S+)/.exec(refused.remedy ?? "") ?? [];
  assert.equal(words, "plumbline.dev/adopt: staging/one");

  const annotated = manifest.replace("name: settings", `name: settings, annotations: { ${words} }`);
  bench.commit({ "staging/two/settings.yaml": annotated }, "Take it over");
  await untilRecord("staging/two", "the new one is healthy", isHealthy);
  bench.commit({ "staging/two/settings.yaml": annotated.replace('"1"', '"2"') }, "Go on");
  await until("the old one is forgotten", ({ applications }) => {
    return applications.every(({ application }) => application.id !== "staging/one");
  });
  const after = await bench.get("v1", "ConfigMap", "shared", "settings");
  assert.equal(after?.metadata.uid, metadata.uid, "it is the same object all along");
});

test("a directory that is removed while its last revision fails is held, nothing is rolled back, and put back it goes on", async (t) => {
  const bench = await openWorkbench(t);
  const namespace = { "staging/one/namespace.yaml": namespaceYaml("one-staging") };
  const app = (mode: string) => ({ "staging/one/app.yaml": deploymentYaml("web", mode) });
  bench.commit({ "delivery.yaml": deliveryYaml(), ...namespace, ...app("ready") });
  const { untilRecord } = await bench.engine();
  await untilRecord("staging/one", "it is healthy", isHealthy);
  bench.commit(app("never"));
  await untilRecord("staging/one", "it waits", ({ message }) => /not ready/.test(message));
  const removal = bench.commit({ "staging/one": null }, "Remove one");
  const held = await untilRecord("staging/one", "it is held", isHeld);
  assert.equal(held.revision.commit, removal);
  assert.match(held.message, /the 2 objects that it delivered are left/);
  assert.equal(bench.git("rev-list", "--count", "main"), "3");
  assert.ok(await bench.get("apps/v1", "Deployment", "one-staging", "web"));
  const fix = bench.commit({ ...namespace, ...app("ready") });
  const back = await untilRecord("staging/one", "it is healthy again", isHealthy);
  assert.equal(back.revision.commit, fix);
  assert.equal(bench.git("rev-list", "--count", "main"), "4");
});

/** Deletes the ConfigMap by hand, and waits until it is there again. */
async function undoesDrift(bench: Workbench): Promise<void> {
  const configMaps = await bench.kind("v1", "ConfigMap");
  const back = new Promise<void>((resolve) => {
    let isDeleted = false;
    const end = bench.cluster.client.watch({ group: "", resource: "configmaps" }, ({ type, object }) => {
      if (object.metadata.name !== "settings") return;
      if (type === "DELETED") isDeleted = true;
      else if (isDeleted) {
        setImmediate(() => end());
        resolve();
      }
    });
  });
  await bench.kube.delete(configMaps, "one-staging", "settings");
  await back;
}
