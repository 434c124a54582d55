import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { isJsonObject } from "../model/json.ts";
import type { Json } from "../model/json.ts";
import type { KubeObject } from "../model/kube-object.ts";
import { judge, readRules } from "./health.ts";
import { packageFile } from "./package-root.ts";
import { readObjects } from "./read-objects.ts";

const nowMs = Date.parse("2026-06-01T12:00:00Z");
const fixtures = packageFile("..", "shared", "fixtures", "health");
const skip = existsSync(fixtures) ? false : "the cases that others wrote are not at hand";

async function reading(text: string): Promise<readonly KubeObject[]> {
  const folder = mkdtempSync(join(tmpdir(), "plumb-health-"));
  try {
    writeFileSync(join(folder, "objects"), text);
    return await readObjects(join(folder, "objects"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("YAML documents, JSON, a List and one object a line are read alike", async () => {
  const one = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" } };
  const two = { apiVersion: "v1", kind: "Secret", metadata: { name: "b" } };
  const list = { apiVersion: "v1", kind: "List", items: [one, two] };
  for (const text of [
    `${JSON.stringify(one)}\n${JSON.stringify(two)}\n`,
    JSON.stringify(list, undefined, 2),
    JSON.stringify([one, two]),
    `${JSON.stringify(one, undefined, 2)}\n${JSON.stringify(two, undefined, 2)}`,
    `\uFEFF  ${JSON.stringify(one)}\r\n  ${JSON.stringify(two)}\r\n`,
    `${JSON.stringify(one)}\n---\napiVersion: v1\r\nkind: Secret\r\nmetadata:\r\n  name: b\r\n`,
    "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\n---\n---\napiVersion: v1\nkind: Secret\nmetadata: { name: b }\n",
  ]) {
    const read = await reading(text);
    assert.deepEqual(
      read.map(({ kind, metadata }) => `${kind} ${metadata.name}`),
      ["ConfigMap a", "Secret b"],
      text,
    );
  }
});

test("items of a list that say no kind, as a server gives them, are of the list's", async () => {
  const items = [{ metadata: { name: "a" } }, { metadata: { name: "b" } }];
  const read = await reading(JSON.stringify({ apiVersion: "apps/v1", kind: "DeploymentList", metadata: {}, items }));
  assert.deepEqual(
    read.map(({ apiVersion, kind, metadata }) => `${apiVersion} ${kind} ${metadata.name}`),
    ["apps/v1 Deployment a", "apps/v1 Deployment b"],
  );
  assert.deepEqual(await reading('{"apiVersion":"v1","kind":"PodList","items":null}'), []);
  await assert.rejects(reading('{"apiVersion":"v1","kind":"List","items":[{}]}'), /no apiVersion and kind/);
});

test("a text with nothing in it has no objects, in whatever way it is empty", async () => {
  for (const text of ["", " \n\n", "---\n", "---\n---\n", "null\n", "# nothing\n", "\uFEFF"]) {
    assert.deepEqual(await reading(text), [], JSON.stringify(text));
  }
});

test("a string of megabytes, and brackets in strings, are read as what they are", async () => {
  const text = `}{"]["${"\\".repeat(3)}${"x".repeat(3_000_000)}`;
  const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, data: { text } };
  const [read] = await reading(`${JSON.stringify(object)}\n${JSON.stringify(object)}`);
  assert.deepEqual(read?.["data"], { text });
});

test("what is no object is named with its place", async () => {
  await assert.rejects(reading("a: 1\n"), /document 1 is no Kubernetes object/);
  await assert.rejects(reading("a: [\n"), /is neither YAML nor JSON/);
  await assert.rejects(reading('{"a":1}\n{oops\n'), /objects, line 2 is not JSON/);
  await assert.rejects(reading('{"a":1}\n{"b":{\n'), /objects, line 2 is not JSON: it does not end/);
  await assert.rejects(reading("42\n"), /document 1 is no Kubernetes object: it has no members/);
  const named = (metadata: string): string => `{"apiVersion":"v1","kind":"Pod","metadata":${metadata}}`;
  await assert.rejects(reading(named("[1]")), /document 1 has a metadata that is not an object/);
  await assert.rejects(
    reading(named('{"name":3}')),
    /document 1 has a metadata.name or metadata.namespace that is not/,
  );
  await assert.rejects(reading(named("{}").replace("Pod", "")), /no apiVersion and kind/);
  await assert.rejects(readObjects("/nowhere/at/all"), /cannot be read \(ENOENT\)/);
});

test("a pod among the objects speaks for the workload that owns it", () => {
  const meta = (name: string, uid: string, owner?: object) => ({
    name,
    namespace: "shop",
    uid,
    generation: 1,
    labels: { app: "web" },
    ...(owner ? { ownerReferences: [{ controller: true, ...owner }] } : {}),
  });
  const template = { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "web" }] } };
  const deployment = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { ...meta("web", "d"), annotations: { "deployment.kubernetes.io/revision": "1" } },
    spec: { replicas: 1, selector: { matchLabels: { app: "web" } }, template },
    status: { observedGeneration: 1, replicas: 1, updatedReplicas: 1, unavailableReplicas: 1 },
  };
  const set = {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: {
      ...meta("web-1", "r", { kind: "Deployment", name: "web", uid: "d", apiVersion: "apps/v1" }),
      annotations: { "deployment.kubernetes.io/revision": "1" },
    },
    spec: { replicas: 1, selector: { matchLabels: { app: "web" } }, template },
    status: { observedGeneration: 1, replicas: 1 },
  };
  const waiting = { reason: "ImagePullBackOff", message: "Back-off pulling image: not found" };
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: meta("web-1-a", "p", { kind: "ReplicaSet", name: "web-1", uid: "r", apiVersion: "apps/v1" }),
    spec: { containers: [{ name: "web", image: "nothing:1" }] },
    status: { phase: "Pending", containerStatuses: [{ name: "web", state: { waiting }, ready: false }] },
  };
  const alone = judge([deployment], { nowMs })[0];
  assert.equal(alone?.health.status, "InProgress");
  const [told] = judge([deployment, set, pod], { nowMs });
  assert.match(told?.health.message ?? "", /pod web-1-a.*container web/);
});

test("rules of a file are read as delivery.yaml has them, and a wrong one is refused with its line", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "plumb-rules-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const rules = join(folder, "rules.yaml");
  writeFileSync(rules, "- apiVersion: example.org/v1\n  kind: Db\n  current: status.phase == 'Up'\n");
  const [rule] = await readRules(rules);
  assert.deepEqual(rule, { apiVersion: "example.org/v1", kind: "Db", current: "status.phase == 'Up'" });
  writeFileSync(rules, "- apiVersion: example.org/v1\n  kind: Db\n  current: status.\n");
  await assert.rejects(readRules(rules), /rules\.yaml:3: \[0\]\.current: is no condition in CEL/);
  await assert.rejects(readRules(join(folder, "none")), /cannot be read \(ENOENT\)/);
});

const membersOfStatus =
  "conditions type status reason message phase state health error ready replicas containerStatuses initContainerStatuses waiting " +
  "terminated restartCount lastState uid ownerReferences annotations loadBalancer ingress parents volumes observedGeneration name";

/** JSON with the members that health looks at, and anything in them. */
const anything = fc.letrec<{ readonly value: Json }>((tie) => {
  const words = fc.constantFrom(
    "True",
    "False",
    "Ready",
    "Running",
    "Failed",
    "CrashLoopBackOff",
    "u",
    "",
    "not found",
  );
  const leaf = fc.oneof(words, fc.integer({ min: -1, max: 9 }), fc.boolean(), fc.constant(null), fc.double());
  const member = fc.constantFrom(...membersOfStatus.split(" "));
  const list = fc.array(tie("value"), { maxLength: 3 });
  const object = fc.dictionary(member, tie("value"), { maxKeys: 5, noNullPrototype: true });
  return { value: fc.oneof({ depthSize: "small" }, leaf, list, object) };
}).value;

const kindsToJudge =
  "v1 Pod, v1 Service, v1 PersistentVolumeClaim, apps/v1 Deployment, apps/v1 ReplicaSet, batch/v1 Job, apps/v1 StatefulSet, " +
  "apps/v1 DaemonSet, autoscaling/v2 HorizontalPodAutoscaler, shop.example/v1 Cart";

const anyObject = fc
  .tuple(fc.constantFrom(...kindsToJudge.split(", ")), anything, anything, anything)
  .map(([kinded, spec, status, metadata]): KubeObject => {
    const [apiVersion = "", kind = ""] = kinded.split(" ");
    const more = isJsonObject(metadata) ? metadata : {};
    return { apiVersion, kind, metadata: { ...more, namespace: "shop", name: "it" }, spec, status };
  });

test("whatever the members of objects hold, each gets a sentence, and none of an older generation is Current (R1)", () => {
  fc.assert(
    fc.property(fc.array(anyObject, { minLength: 1, maxLength: 4 }), (objects) => {
      for (const { health } of judge(objects, { nowMs })) assert.ok(health.message !== "" && health.reason !== "");
      const stale = objects.flatMap((object) => {
        const { metadata, status } = object;
        if (!isJsonObject(status)) return [];
        return [{ ...object, metadata: { ...metadata, generation: 9 }, status: { ...status, observedGeneration: 8 } }];
      });
      for (const { health } of judge(stale, { nowMs })) assert.notEqual(health.status, "Current");
    }),
    { numRuns: 300 },
  );
});

/** A case that somebody else wrote, and what is said there. */
interface Case {
  readonly name: string;
  readonly object: KubeObject;
  readonly expected: string;
}

/** Deliberate differences, each a sentence in docs/behaviours.md. */
const stricter: Readonly<Record<string, string>> = {
  // A failed Pod is Failed, an object of an unknown kind without status Unknown, a Job on its way InProgress.
  "TestPodStatus/podCompletedFailed": "Failed",
  "TestCRDGenericStatus/crdNoStatus": "Unknown",
  "TestJobStatus/jobInProgress": "InProgress",
  // A paused Deployment whose pods are not all of its template, an address that is empty, a crash loop.
  "gitops-engine/deployment-suspended.yaml": "InProgress",
  "gitops-engine/ingress-nonemptylist.yaml": "InProgress",
  "gitops-engine/pod-running-restart-onfailure.yaml": "Failed",
};

function differing(cases: readonly Case[]): readonly string[] {
  return cases.flatMap(({ name, object, expected }) => {
    const got = judge([object], { nowMs })[0]?.health.status;
    // Argo CD has no word of its own for what is being deleted.
    const told = got === "Terminating" && expected === "InProgress" ? expected : got;
    return told === (stricter[name] ?? expected) ? [] : [`${name}: ${got}, not ${expected}`];
  });
}

function readCases(file: string): readonly Case[] {
  const text = readFileSync(join(fixtures, file), "utf8").replaceAll("$NOW", new Date(nowMs).toISOString());
  const cases = JSON.parse(text) as readonly (Case & { readonly expectedStatus: string })[];
  return cases.map(({ name, object, expectedStatus }) => ({ name, object, expected: expectedStatus }));
}

test("kstatus's and Flux's own cases agree, but for the stricter rules", { skip }, () => {
  assert.deepEqual(differing(readCases("kstatus-cases.json")), []);
  assert.deepEqual(differing(readCases("flux-job-cases.json")), []);
});

/** Argo CD's words in kstatus's: what is suspended is as it was asked to be. */
const words: Readonly<Record<string, string>> = {
  Healthy: "Current",
  Suspended: "Current",
  Progressing: "InProgress",
  Degraded: "Failed",
};

test("Argo CD's own cases agree, but for the stricter rules", { skip }, async () => {
  interface Entry {
    readonly file: string;
    readonly expected: string | null;
  }
  const index = JSON.parse(readFileSync(join(fixtures, "argo-index.json"), "utf8")) as readonly Entry[];
  const cases: Case[] = [];
  for (const { file, expected } of index) {
    const [object] = await readObjects(join(fixtures, file));
    if (expected !== null && object) cases.push({ name: file, object, expected: words[expected] ?? expected });
  }
  assert.deepEqual(differing(cases), []);
});
