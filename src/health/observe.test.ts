import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Json, JsonObject } from "../model/json.ts";
import { refKey } from "../model/object-ref.ts";
import { refOf } from "../model/kube-object.ts";
import type { KubeObject } from "../model/kube-object.ts";
import { computeHealth } from "./compute.ts";
import { observe } from "./observe.ts";
import type { LiveState } from "./owned-pods.ts";

const context = { maxRestarts: 2, nowMs: Date.parse("2026-01-01T00:01:00Z") };

interface Extra {
  readonly owner?: string;
  readonly metadata?: JsonObject;
  readonly spec?: JsonObject;
}

/** Any object; its uid is its kind and name, so that an owner can be named before it is made. */
function object(apiVersion: string, kind: string, name: string, status: Json, extra: Extra = {}): KubeObject {
  const ownerReferences = extra.owner === undefined ? [] : [{ uid: extra.owner }];
  const metadata = { name, namespace: "shop", uid: `${kind}/${name}`, ownerReferences, ...extra.metadata };
  return { apiVersion, kind, metadata, spec: extra.spec ?? {}, status };
}

function deployment(status: JsonObject, { spec = {} }: { readonly spec?: JsonObject } = {}): KubeObject {
  const annotations = { "deployment.kubernetes.io/revision": "2" };
  return object(
    "apps/v1",
    "Deployment",
    "web",
    { observedGeneration: 2, ...status },
    { metadata: { generation: 2, annotations }, spec },
  );
}

function replicaSet(name: string, revision: string, status: JsonObject = {}): KubeObject {
  const annotations = { "deployment.kubernetes.io/revision": revision };
  return object("apps/v1", "ReplicaSet", name, status, { owner: "Deployment/web", metadata: { annotations } });
}

const readyStatus = { phase: "Running", conditions: [{ type: "Ready", status: "True" }] };

function readyPod(name: string, owner: string): KubeObject {
  return object("v1", "Pod", name, readyStatus, { owner });
}

function loopingPod(name: string, owner: string, metadata: JsonObject = {}): KubeObject {
  const terminated = { exitCode: 1 };
  const state = { waiting: { reason: "CrashLoopBackOff" } };
  const main = { name: "main", ready: false, restartCount: 3, state, lastState: { terminated } };
  return object("v1", "Pod", name, { phase: "Running", containerStatuses: [main] }, { owner, metadata });
}

function live(...objects: readonly KubeObject[]): LiveState {
  return {
    get: (ref) => objects.find((one) => refKey(refOf(one)) === refKey(ref)),
    list: (group, kind, namespace) =>
      objects.filter((one) => {
        const ref = refOf(one);
        return ref.group === group && ref.kind === kind && ref.namespace === namespace;
      }),
  };
}

function healthOf(subject: KubeObject, ...others: readonly KubeObject[]): string {
  const { objects } = observe([{ ref: refOf(subject) }], live(subject, ...others), context);
  const { status, reason, message, final } = objects[0]?.health ?? assert.fail("one object is observed");
  return `${status} ${reason}${final ? " final" : ""}: ${message}`;
}

const rolling = { replicas: 3, updatedReplicas: 1, readyReplicas: 2, availableReplicas: 2 };
const blocked = "Failed CrashLoopBackOff final: pod web-b-1: container main keeps crashing (exit code 1, 3 restarts)";

test("what is not in the cluster is NotFound", () => {
  const web = deployment({});
  const { objects } = observe([{ ref: refOf(web) }], live(), context);
  assert.deepEqual(objects[0]?.health, { status: "NotFound", reason: "NotFound", message: "it is not in the cluster" });
});

test("a new pod that cannot get better fails its Deployment at once, and the sentence names it (R2)", () => {
  const web = deployment(rolling, { spec: { replicas: 2 } });
  const sets = [replicaSet("web-a", "1"), replicaSet("web-b", "2")];
  const pods = [readyPod("web-a-1", "ReplicaSet/web-a"), loopingPod("web-b-1", "ReplicaSet/web-b")];
  assert.equal(healthOf(web, ...sets, ...pods), blocked);
});

test("old pods' trouble never fails the new revision", () => {
  const web = deployment(rolling, { spec: { replicas: 2 } });
  const sets = [replicaSet("web-a", "1"), replicaSet("web-b", "2")];
  const pods = [loopingPod("web-a-1", "ReplicaSet/web-a"), readyPod("web-b-1", "ReplicaSet/web-b")];
  assert.equal(healthOf(web, ...sets, ...pods), "InProgress LessUpdated: 1 of 2 pods are updated");
});

test("until the controller has seen a new template, no pod counts as new (R1)", () => {
  const web = deployment({ ...rolling, observedGeneration: 1 });
  const bad = loopingPod("web-b-1", "ReplicaSet/web-b");
  const told = healthOf(web, replicaSet("web-b", "2"), bad);
  assert.match(told, /^InProgress LatestGenerationNotObserved: its controller has not taken up the newest change yet/);
  const { pods } = observe([{ ref: refOf(web) }], live(web, replicaSet("web-b", "2"), bad), context);
  assert.deepEqual(
    pods.map(({ name, generation }) => `${name} ${generation}`),
    ["web-b-1 old"],
  );
});

test("a Deployment without a counted revision, or paused before its new template, has no new pods", () => {
  const bare = object("apps/v1", "Deployment", "web", { observedGeneration: 1 }, { metadata: { generation: 1 } });
  const set = object("apps/v1", "ReplicaSet", "web-a", {}, { owner: "Deployment/web" });
  assert.match(healthOf(bare, set, loopingPod("web-a-1", "ReplicaSet/web-a")), /^InProgress LessReplicas/);
  const paused = deployment({ ...rolling, updatedReplicas: 0 }, { spec: { paused: true } });
  assert.match(
    healthOf(paused, replicaSet("web-b", "2"), loopingPod("web-b-1", "ReplicaSet/web-b")),
    /^InProgress LessUpdated: 0 of 1 pods are updated; it is paused$/,
  );
});

test("a passed deadline counts for the ReplicaSet that it names, and the pod behind it says more", () => {
  const late = (set: string): KubeObject => {
    const message = `ReplicaSet "${set}" has timed out progressing.`;
    return deployment({
      conditions: [{ type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded", message }],
    });
  };
  const sets = [replicaSet("web-a", "1"), replicaSet("web-b", "2")];
  assert.match(healthOf(late("web-b"), ...sets), /^Failed ProgressDeadlineExceeded final: ReplicaSet "web-b"/);
  assert.match(healthOf(late("web-a"), ...sets), /^InProgress NewReplicaSet/);
  assert.equal(healthOf(late("web-b"), ...sets, loopingPod("web-b-1", "ReplicaSet/web-b")), blocked);
});

test("a quota that refuses new pods is final unless the rollout itself can make room (R2)", () => {
  const message = 'pods "web-b-" is forbidden: exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2';
  const refused = replicaSet("web-b", "2", { conditions: [{ type: "ReplicaFailure", status: "True", message }] });
  const old = [
    replicaSet("web-a", "1"),
    readyPod("web-a-1", "ReplicaSet/web-a"),
    readyPod("web-a-2", "ReplicaSet/web-a"),
  ];
  const web = (maxUnavailable: Json): KubeObject =>
    deployment({ replicas: 2 }, { spec: { replicas: 2, strategy: { rollingUpdate: { maxUnavailable } } } });
  assert.match(
    healthOf(web(0), refused, ...old),
    /^Failed ReplicaFailure final: its pods cannot be created: pods "web-b-"/,
  );
  assert.match(healthOf(web("25%"), refused, ...old), /^Failed ReplicaFailure final/);
  assert.match(healthOf(web(1), refused, ...old), /^InProgress LessUpdated/);
  assert.match(healthOf(web("50%"), refused, ...old), /^InProgress LessUpdated/);
  assert.match(healthOf(web(1), refused), /^Failed ReplicaFailure final/);
  const leaving = object("v1", "Pod", "web-a-3", readyStatus, {
    owner: "ReplicaSet/web-a",
    metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" },
  });
  assert.match(healthOf(web(0), refused, ...old, leaving), /^InProgress LessUpdated/);
});

test("a refusal of an older ReplicaSet, or for want of what is still on its way, is not final", () => {
  const condition = (message: string): JsonObject => ({
    conditions: [{ type: "ReplicaFailure", status: "True", message }],
  });
  const forbidden = 'pods "web-a-" is forbidden: violates PodSecurity "restricted:latest"';
  const web = deployment(condition(forbidden));
  assert.match(healthOf(web, replicaSet("web-a", "1", condition(forbidden)), replicaSet("web-b", "2")), /^InProgress/);
  assert.match(healthOf(web, replicaSet("web-b", "2", condition(forbidden))), /^Failed ReplicaFailure final/);
  const missing =
    'pods "web-b-" is forbidden: error looking up service account shop/web: serviceaccount "web" not found';
  assert.match(healthOf(web, replicaSet("web-b", "2", condition(missing))), /^InProgress ReplicaFailure/);
});

test("a Job that failed says how its last pod ended, and with which words", () => {
  const conditions = [{ type: "Failed", status: "True", message: "Job has reached the specified backoff limit" }];
  const job = object("batch/v1", "Job", "seed", { conditions });
  const terminated = { exitCode: 3, message: "no such table: users\n" };
  const containerStatuses = [{ name: "main", state: { terminated } }];
  const pod = object("v1", "Pod", "seed-1", { phase: "Failed", containerStatuses }, { owner: "Job/seed" });
  assert.match(
    healthOf(job, pod),
    /^Failed JobFailed final: .*backoff limit; pod seed-1 failed: container main ended with exit code 3: no such table: users$/,
  );
  assert.match(healthOf(job), /^Failed JobFailed final: it failed: Job has reached the specified backoff limit$/);
});

test("a pod that ended is replaced by its controller, and a Job counts its crashes itself", () => {
  const web = deployment(rolling);
  const evicted = object("v1", "Pod", "web-b-1", { phase: "Failed", reason: "Evicted" }, { owner: "ReplicaSet/web-b" });
  assert.match(healthOf(web, replicaSet("web-b", "2"), evicted), /^InProgress .*pod web-b-1 failed: Evicted; /);
  const job = object("batch/v1", "Job", "seed", { startTime: "2026-01-01T00:00:00Z", active: 1 });
  assert.match(
    healthOf(job, loopingPod("seed-1", "Job/seed")),
    /^InProgress JobRunning: .*pod seed-1: container main keeps/,
  );
});

test("StatefulSets and DaemonSets: only pods known to be of the new revision count against it", () => {
  const status = {
    observedGeneration: 1,
    replicas: 2,
    readyReplicas: 1,
    currentRevision: "db-1",
    updateRevision: "db-2",
  };
  const db = object("apps/v1", "StatefulSet", "db", status, { metadata: { generation: 1 }, spec: { replicas: 2 } });
  const of = (hash: string): KubeObject =>
    loopingPod("db-1", "StatefulSet/db", { labels: { "controller-revision-hash": hash } });
  assert.match(healthOf(db, of("db-2")), /^Failed CrashLoopBackOff final: pod db-1/);
  assert.match(healthOf(db, of("db-1")), /^InProgress LessReady/);

  const annotations = { "deprecated.daemonset.template.generation": "7" };
  const counts = { observedGeneration: 1, desiredNumberScheduled: 1, currentNumberScheduled: 1 };
  const agent = object("apps/v1", "DaemonSet", "agent", counts, { metadata: { generation: 1, annotations } });
  const at = (count: string): KubeObject =>
    loopingPod("agent-1", "DaemonSet/agent", { labels: { "pod-template-generation": count } });
  assert.match(healthOf(agent, at("7")), /^Failed CrashLoopBackOff final: pod agent-1/);
  assert.match(healthOf(agent, at("6")), /^InProgress LessUpdated/);
});

test("pods are told of by name: generation, phase, readiness, restarts and a sentence", () => {
  const web = deployment(rolling);
  const leaving = object("v1", "Pod", "web-a-2", readyStatus, {
    owner: "ReplicaSet/web-a",
    metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" },
  });
  const sets = [replicaSet("web-a", "1"), replicaSet("web-b", "2")];
  const all = [loopingPod("web-b-1", "ReplicaSet/web-b"), leaving, readyPod("web-a-1", "ReplicaSet/web-a")];
  const { pods } = observe([{ ref: refOf(web) }], live(web, ...sets, ...all), context);
  assert.deepEqual(
    pods.map((pod) => [pod.name, pod.workload, pod.generation, pod.phase, pod.ready, pod.restarts]),
    [
      ["web-a-1", "web", "old", "Running", true, 0],
      ["web-a-2", "web", "old", "Terminating", false, 0],
      ["web-b-1", "web", "new", "Running", false, 3],
    ],
  );
  assert.equal(pods[1]?.message, "pod web-a-2 is being stopped");
});

const well = {
  replicas: 1,
  updatedReplicas: 1,
  readyReplicas: 1,
  availableReplicas: 1,
  conditions: [{ type: "Available", status: "True" }],
};

test("the order of pods does not matter, and an observation is never better than the object's own health", () => {
  const pod = fc.record({ bad: fc.boolean(), isNew: fc.boolean(), gone: fc.boolean() });
  const web = fc.constantFrom(deployment(well), deployment(rolling), deployment({ ...well, observedGeneration: 1 }));
  const arrangement = fc.tuple(web, fc.array(pod, { maxLength: 6 })).chain(([subject, drawn]) => {
    const pods = drawn.map(({ bad, isNew, gone }, index) => {
      const owner = isNew ? "ReplicaSet/web-b" : "ReplicaSet/web-a";
      const made = bad ? loopingPod(`web-${index}`, owner) : readyPod(`web-${index}`, owner);
      return gone ? { ...made, metadata: { ...made.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } } : made;
    });
    const others = [replicaSet("web-a", "1"), replicaSet("web-b", "2"), ...pods];
    const shuffled = fc.shuffledSubarray(others, { minLength: others.length, maxLength: others.length });
    return fc.tuple(fc.constant(subject), fc.constant(others), shuffled);
  });
  fc.assert(
    fc.property(arrangement, ([subject, others, shuffled]) => {
      const seen = observe([{ ref: refOf(subject) }], live(subject, ...others), context);
      assert.deepEqual(observe([{ ref: refOf(subject) }], live(...shuffled, subject), context), seen);
      const alone = computeHealth(subject, context);
      assert.equal(seen.objects[0]?.health.status === "Current", alone.status === "Current");
    }),
    { numRuns: 200 },
  );
});

test("a Secret that a pod lacks may still be made by what is of a custom kind, and by nothing else", () => {
  const web = deployment(rolling);
  const set = replicaSet("web-b", "2");
  const lacking = (message: string): string => {
    const main = { name: "main", ready: false, state: { waiting: { reason: "CreateContainerConfigError", message } } };
    const pod = object(
      "v1",
      "Pod",
      "web-b-1",
      { phase: "Pending", containerStatuses: [main] },
      { owner: "ReplicaSet/web-b" },
    );
    const others = ["external.example/v1 OuterSecret", "gateway.networking.k8s.io/v1 Gateway"].map((text) => {
      const [apiVersion = "", kind = ""] = text.split(" ");
      return object(apiVersion, kind, "keys", {});
    });
    const judged = (desired: readonly KubeObject[]): string => {
      const { objects } = observe(
        desired.map((one) => ({ ref: refOf(one) })),
        live(web, set, pod, ...others),
        context,
      );
      const { status, final, message: told } = objects[0]?.health ?? assert.fail("one object is observed");
      return `${status}${final ? " final" : ""}${/; (.* may still make it)$/.exec(told)?.[1] ?? ""}`;
    };
    return [judged([web]), judged([web, others[1]!]), judged([web, others[0]!])].join(", ");
  };
  const maker = "FailedOuterSecret shop/keys may still make it";
  assert.equal(lacking('secret "keys" not found'), `Failed final, Failed final, ${maker}`);
  assert.equal(lacking("container has runAsNonRoot"), "Failed final, Failed final, Failed final");
});
