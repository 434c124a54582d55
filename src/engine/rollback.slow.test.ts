import assert from "node:assert/strict";
import { test } from "node:test";
import { writeRollback } from "../history/rollback.ts";
import type { Git } from "../io/git/git.ts";
import { openMirror } from "../io/git/mirror.ts";
import { recordingKube } from "../io/kube/recording-kube.ts";
import type { Kube, KubeRefusal } from "../io/kube/kube.ts";
import { valueAt } from "../model/json.ts";
import type { DeliveryRecord } from "../model/record.ts";
import { readDeployment } from "../source/deployment.ts";
import { configMapYaml, deliveryYaml, deploymentYaml, namespaceYaml, openWorkbench } from "./workbench-in-test.ts";
import type { Workbench } from "./workbench-in-test.ts";

const isHealthy = ({ outcome }: DeliveryRecord): boolean => outcome === "healthy";
const isRollbackOf =
  (commit: string) =>
  ({ outcome, revision }: DeliveryRecord) =>
    outcome === "healthy" && revision.undoes === commit;

function rollbacks(bench: Workbench, id: string): readonly string[] {
  const all = bench.git("log", "--format=%H", "--grep", `^Plumbline-Application: ${id}$`, "main");
  return all === "" ? [] : all.split("\n");
}

test("each way to fail is rolled back by exactly one commit that restores the directory and touches nothing else", async (t) => {
  const bench = await openWorkbench(t);
  const broken: Readonly<Record<string, { readonly yaml: string; readonly reason: RegExp; readonly words: RegExp }>> = {
    crash: { yaml: deploymentYaml("web", "crash"), reason: /CrashLoop/, words: /pod web-\S+/ },
    never: {
      yaml: deploymentYaml("web", "never"),
      reason: /^DeadlineExceeded$/,
      words: /pod web-\S+ .*not ready.*not healthy after 6 s/,
    },
    image: {
      yaml: deploymentYaml("web", "ready", { image: "example.test/nothing:1" }),
      reason: /Image/,
      words: /example\.test\/nothing:1/,
    },
    config: {
      yaml: deploymentYaml("web", "ready", {
        env: ["{ name: A, valueFrom: { configMapKeyRef: { name: missing, key: a } } }"],
      }),
      reason: /CreateContainerConfigError|DeadlineExceeded/,
      words: /missing/,
    },
  };
  const names = Object.keys(broken);
  bench.commit({
    "delivery.yaml": deliveryYaml("{ deadline: 6s, soak: 300ms, maxRestarts: 0 }"),
    ...Object.fromEntries(
      names.flatMap((name) => [
        [`staging/${name}/namespace.yaml`, namespaceYaml(`${name}-staging`)],
        [`staging/${name}/web.yaml`, deploymentYaml("web", "ready")],
      ]),
    ),
  });
  const { untilRecord, decisions } = await bench.engine();
  for (const name of names) await untilRecord(`staging/${name}`, "it is healthy", isHealthy);
  const healthy = new Map(names.map((name) => [name, bench.git("rev-parse", `main:staging/${name}`)]));

  const commits = new Map(
    names.map((name) => [
      name,
      bench.commit({ [`staging/${name}/web.yaml`]: broken[name]?.yaml ?? "" }, `Break ${name}`),
    ]),
  );
  for (const name of names)
    await untilRecord(`staging/${name}`, "its rollback is healthy", isRollbackOf(commits.get(name) ?? ""));
  const reader = await openMirror({ url: bench.remote, folder: `${bench.folder}/reader.git` });
  t.after(() => reader.close());
  await reader.fetch();
  for (const [name, { reason, words }] of Object.entries(broken)) {
    const id = `staging/${name}`;
    const written = rollbacks(bench, id);
    assert.equal(written.length, 1, id);
    const [rollback = ""] = written;
    assert.equal(bench.git("rev-parse", `main:${id}`), healthy.get(name));
    assert.equal(bench.git("diff", "--name-only", `${rollback}^`, rollback), `${id}/web.yaml`);
    const failed = decisions.find(({ application, outcome }) => application === id && outcome === "failed");
    assert.ok(failed?.lastHealthy, id);
    assert.match(failed.reason, reason);
    assert.match(failed.message, words);
    assert.ok(bench.git("log", "-1", "--format=%B", rollback).includes(failed.reason));
    const live = await bench.get("apps/v1", "Deployment", `${name}-staging`, "web");
    assert.match(JSON.stringify(valueAt(live ?? null, "spec", "template")), /example\.test\/app:1.*"value":"ready"/);
    // The same inputs give the same commit, whoever writes it (behaviour B2).
    const { deployment, parent } = await partsOf(reader, rollback, id);
    const again = await writeRollback(
      reader,
      {
        application: deployment,
        branch: "main",
        failing: failed.revision,
        restores: failed.lastHealthy,
        reason: failed.reason,
        message: failed.message,
        rejects: [],
      },
      parent,
    );
    assert.equal(again, rollback);
  }
  assert.equal(bench.git("rev-list", "--count", "main"), String(1 + 2 * names.length));
});

async function partsOf(reader: Git, rollback: string, id: string) {
  const { parents } = await reader.commit(rollback);
  const parent = await reader.commit(parents[0] ?? "");
  const read = await readDeployment(reader, parent.id);
  assert.ok(read.ok);
  const found = read.value.applications.find(({ application }) => application.id === id);
  assert.ok(found);
  return { deployment: found.application, parent };
}

/** The API server refuses to write, never to try, one object by name. */
function refusing(kube: Kube, name: string, refusal: Partial<KubeRefusal>): Kube {
  const through = recordingKube(kube, () => undefined);
  return {
    ...through,
    apply: (resource, object, options) =>
      object.metadata.name === name && !options.dryRun
        ? Promise.resolve({
            ok: false,
            refusal: { code: 403, reason: "Forbidden", message: "not today", causes: [], ...refusal },
          })
        : through.apply(resource, object, options),
  };
}

for (const [what, refusal, words] of [
  ["refused half way", {}, /refused half way: staging\/one\/more\.yaml:\d+: .*not today/],
  [
    "put off until the deadline",
    { code: 503, reason: "ServiceUnavailable" },
    /not applied after 2 s: staging\/one\/more\.yaml:\d+: .*not today/,
  ],
] as const) {
  test(`an apply that is ${what} is a failure and rolled back, and leaves nothing behind`, async (t) => {
    const bench = await openWorkbench(t);
    bench.commit({
      "delivery.yaml": deliveryYaml("{ deadline: 2s, soak: 300ms }"),
      "staging/one/all.yaml": `${namespaceYaml("one-staging")}---\n${configMapYaml("settings", { a: "1" })}`,
    });
    const { untilRecord, decisions } = await bench.engine({ kube: refusing(bench.kube, "late", refusal) });
    await untilRecord("staging/one", "it is healthy", isHealthy);
    const tree = bench.git("rev-parse", "main:staging/one");
    const more = `${configMapYaml("early", { a: "1" })}---\n${configMapYaml("late", { a: "1" }).replace("{ name: late }", '{ name: late, annotations: { plumbline.dev/wave: "1" } }')}`;
    const commit = bench.commit({ "staging/one/more.yaml": more });
    await untilRecord("staging/one", "its rollback is healthy", isRollbackOf(commit));
    const failed = decisions.find(({ outcome }) => outcome === "failed");
    assert.equal(failed?.reason, "ApplyFailed");
    assert.match(failed.message, words);
    assert.equal(rollbacks(bench, "staging/one").length, 1);
    assert.equal(bench.git("rev-parse", "main:staging/one"), tree);
    assert.equal(await bench.get("v1", "ConfigMap", "one-staging", "early"), undefined);
    assert.deepEqual(
      decisions.filter(({ outcome }) => outcome === "refused"),
      [],
    );
  });
}

test("held, with what to do and without a commit: nothing was ever healthy, or the policy says hold", async (t) => {
  const bench = await openWorkbench(t);
  bench.commit({
    "delivery.yaml": deliveryYaml("{ deadline: 20s, soak: 300ms, maxRestarts: 0 }"),
    "staging/first/all.yaml": `${namespaceYaml("first-staging")}---\n${deploymentYaml("web", "crash")}`,
    "staging/hold/delivery.yaml": "rollout: { onFailure: hold }\n",
    "staging/hold/namespace.yaml": namespaceYaml("hold-staging"),
    "staging/hold/web.yaml": deploymentYaml("web", "ready"),
  });
  const { untilRecord } = await bench.engine();
  const first = await untilRecord("staging/first", "it is held", ({ outcome }) => outcome === "held");
  assert.match(first.message, /nothing was ever healthy/);
  assert.match(first.remedy ?? "", /new commit/);
  await untilRecord("staging/hold", "it is healthy", isHealthy);
  bench.commit({ "staging/hold/web.yaml": deploymentYaml("web", "crash") });
  const hold = await untilRecord("staging/hold", "it is held", ({ outcome }) => outcome === "held");
  assert.match(hold.message, /policy says hold/);
  const live = await bench.get("apps/v1", "Deployment", "hold-staging", "web");
  assert.equal(valueAt(live ?? null, "status", "readyReplicas"), 1, "the old pod serves");
  assert.equal(bench.git("rev-list", "--count", "main"), "2");
});

test("a rollback that fails too is held, and never rolled back itself", async (t) => {
  const bench = await openWorkbench(t);
  const needs = ["{ name: A, valueFrom: { configMapKeyRef: { name: outside, key: a } } }"];
  const namespaces = await bench.kind("v1", "Namespace");
  const configMaps = await bench.kind("v1", "ConfigMap");
  const byHand = { fieldManager: "by-hand", force: true, dryRun: false };
  await bench.kube.apply(
    namespaces,
    { apiVersion: "v1", kind: "Namespace", metadata: { name: "one-staging" } },
    byHand,
  );
  await bench.kube.apply(
    configMaps,
    { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "outside", namespace: "one-staging" }, data: { a: "1" } },
    byHand,
  );
  bench.commit({
    "delivery.yaml": deliveryYaml("{ deadline: 3s, soak: 300ms, maxRestarts: 0 }"),
    "staging/one/web.yaml": deploymentYaml("web", "ready", { env: needs }),
  });
  const { untilRecord, until } = await bench.engine();
  await untilRecord("staging/one", "it is healthy", isHealthy);
  // Behind Git's back the healthy state loses what it needs, and its pod.
  await bench.kube.delete(configMaps, "one-staging", "outside");
  const pods = await bench.kind("v1", "Pod");
  const all = await bench.kube.list({ resource: pods, namespace: "one-staging" });
  assert.ok(all.ok);
  for (const { metadata } of all.value) await bench.kube.delete(pods, "one-staging", metadata.name);
  await until(
    "the pod is not ready",
    ({ applications }) =>
      applications[0]?.observation.objects.some(({ health }) => health.status !== "Current") ?? false,
  );
  const commit = bench.commit({ "staging/one/web.yaml": deploymentYaml("web", "crash") });
  const held = await untilRecord(
    "staging/one",
    "it is held",
    ({ outcome, revision }) => outcome === "held" && revision.undoes === commit,
  );
  assert.match(held.message, /itself the rollback of/);
  assert.ok(held.remedy);
  assert.equal(bench.git("rev-list", "--count", "main"), "3");
});

test("a fix that is pushed while the rollback is on its way wins, and nothing is written", async (t) => {
  const bench = await openWorkbench(t);
  bench.commit({
    "delivery.yaml": deliveryYaml("{ deadline: 20s, soak: 300ms, maxRestarts: 0 }"),
    "staging/one/namespace.yaml": namespaceYaml("one-staging"),
    "staging/one/web.yaml": deploymentYaml("web", "ready"),
  });
  let fix: string | undefined;
  const racing = (git: Git): Git =>
    new Proxy(git, {
      get(target, key) {
        if (key !== "push") return bound(target, key);
        return (commit: string, branch: string, expected: string | undefined) => {
          if (branch === "main")
            fix ??= bench.commit(
              { "staging/one/web.yaml": deploymentYaml("web", "ready", { env: ['{ name: FIXED, value: "1" }'] }) },
              "Fix it",
            );
          return target.push(commit, branch, expected);
        };
      },
    });
  const { untilRecord } = await bench.engine({}, racing);
  await untilRecord("staging/one", "it is healthy", isHealthy);
  bench.commit({ "staging/one/web.yaml": deploymentYaml("web", "crash") });
  await untilRecord(
    "staging/one",
    "the fix is healthy",
    ({ outcome, revision }) => outcome === "healthy" && revision.subject === "Fix it",
  );
  assert.deepEqual(rollbacks(bench, "staging/one"), []);
  assert.equal(bench.git("rev-parse", "main"), fix);
});

function bound(git: Git, key: string | symbol): unknown {
  const member: unknown = Reflect.get(git, key, git);
  return typeof member === "function" ? (member as (...args: unknown[]) => unknown).bind(git) : member;
}

for (const [what, refused] of [
  ["the tracked branch", "refs/heads/main"],
  ["the delivery log", "refs/heads/plumbline/log"],
] as const) {
  test(`where Git takes no commit to ${what} a failure is held, and every surface says so`, async (t) => {
    const bench = await openWorkbench(t);
    bench.commit({
      "delivery.yaml": deliveryYaml("{ deadline: 20s, soak: 300ms, maxRestarts: 0 }"),
      "staging/one/namespace.yaml": namespaceYaml("one-staging"),
      "staging/one/web.yaml": deploymentYaml("web", "ready"),
    });
    const { untilRecord, engine } = await bench.engine();
    await untilRecord("staging/one", "it is healthy", isHealthy);
    const broken = bench.commit({ "staging/one/web.yaml": deploymentYaml("web", "crash") });
    bench.updateHook(`[ "$1" != ${refused} ] || { echo "this branch is protected" >&2; exit 1; }`);
    const held = await untilRecord("staging/one", "it is held", ({ outcome }) => outcome === "held");
    assert.match(held.message, /it was not rolled back: .*this branch is protected/);
    assert.match(held.remedy ?? "", /revert the commit by hand/);
    assert.equal(bench.git("rev-parse", "main"), broken);
    assert.equal(engine.snapshot().applications[0]?.record.outcome, "held");
  });
}
