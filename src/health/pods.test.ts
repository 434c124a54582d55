import assert from "node:assert/strict";
import { test } from "node:test";
import type { Health } from "../model/health.ts";
import type { Json, JsonObject } from "../model/json.ts";
import { podHealth } from "./pods.ts";
import type { HealthContext } from "./pods.ts";

const startedAt = "2026-01-01T00:00:00Z";
const startMs = Date.parse(startedAt);

function pod(status: JsonObject, rest: JsonObject = {}): Json {
  return { apiVersion: "v1", kind: "Pod", metadata: { name: "web-1", creationTimestamp: startedAt }, ...rest, status };
}

function running(container: JsonObject, rest: JsonObject = {}): Json {
  const conditions = [{ type: "Ready", status: "False" }];
  return pod({ phase: "Running", conditions, containerStatuses: [{ name: "main", ready: false, ...container }] }, rest);
}

const crashed = { terminated: { exitCode: 1, reason: "Error", finishedAt: startedAt } };
const looping = { waiting: { reason: "CrashLoopBackOff", message: "back-off 40s restarting failed container" } };

function word({ status, reason, final }: Health): string {
  return `${status} ${reason}${final ? " final" : ""}`;
}

test("phases: no status yet, completed, failed, ready, starting, and one that nobody knows", () => {
  const ready = [{ type: "Ready", status: "True" }];
  const cases: readonly (readonly [JsonObject, string])[] = [
    [{}, "InProgress PodNotObserved"],
    [{ phase: "Succeeded" }, "Current PodCompleted"],
    [{ phase: "Failed" }, "Failed PodFailed final"],
    [{ phase: "Running", conditions: ready }, "Current PodReady"],
    [{ phase: "Running" }, "InProgress PodRunningNotReady"],
    [{ phase: "Pending" }, "InProgress PodPending"],
    [{ phase: "Unknown" }, "Unknown PodUnknown"],
  ];
  for (const [status, expected] of cases) assert.equal(word(podHealth(pod(status))), expected, JSON.stringify(status));
});

test("a failed pod is Failed, and the sentence says how its container ended", () => {
  const containerStatuses = [
    { name: "side", state: { terminated: { exitCode: 0, reason: "Completed" } } },
    { name: "main", state: { terminated: { exitCode: 3, reason: "Error", message: "no\n such file" } } },
  ];
  const health = podHealth(pod({ phase: "Failed", containerStatuses }));
  assert.equal(health.message, "pod web-1 failed: container main ended with exit code 3: no such file");
  const evicted = podHealth(pod({ phase: "Failed", reason: "Evicted", message: "The node was low on memory." }));
  assert.equal(evicted.message, "pod web-1 failed: The node was low on memory.");
});

test("a crash loop names pod, container, exit code and restarts, and is final beyond the policy's number (R2)", () => {
  const loop = (restartCount: number): Json => running({ restartCount, state: looping, lastState: crashed });
  assert.deepEqual(podHealth(loop(4), { maxRestarts: 3 }), {
    status: "Failed",
    reason: "CrashLoopBackOff",
    message: "pod web-1: container main keeps crashing (exit code 1, 4 restarts)",
    final: true,
  });
  assert.equal(word(podHealth(loop(3), { maxRestarts: 3 })), "InProgress ContainerRestarting");
  assert.equal(word(podHealth(loop(1), { maxRestarts: 0 })), "Failed CrashLoopBackOff final");
  assert.equal(word(podHealth(loop(1))), "Failed CrashLoopBackOff final");
});

test("how a container ended is said in words: out of memory, a signal, an end without error, its last line", () => {
  const sentence = (terminated: JsonObject): string =>
    podHealth(running({ restartCount: 2, state: looping, lastState: { terminated } })).message;
  assert.match(sentence({ exitCode: 137, reason: "OOMKilled" }), /keeps crashing \(out of memory, 2 restarts\)$/);
  assert.match(sentence({ exitCode: 139, signal: 11 }), /keeps crashing \(signal 11, 2 restarts\)$/);
  assert.match(sentence({ exitCode: 0 }), /keeps ending \(exit code 0, 2 restarts\)$/);
  assert.match(sentence({ exitCode: 1, message: "start\nport taken\n" }), /\(exit code 1, 2 restarts\): port taken$/);
});

test("a container that crashed and runs again counts its restarts too, until it has run in calm", () => {
  const again = { restartCount: 5, lastState: crashed, state: { running: { startedAt } } };
  const soon: HealthContext = { maxRestarts: 3, nowMs: startMs + 60_000 };
  assert.equal(word(podHealth(running(again), soon)), "Failed CrashLoopBackOff final");
  assert.equal(word(podHealth(running({ ...again, restartCount: 2 }), soon)), "InProgress ContainerRestarting");
  assert.equal(word(podHealth(running({ ...again, restartCount: 2 }))), "Failed ContainerCrashed");
  const first = { restartCount: 0, state: crashed };
  assert.equal(word(podHealth(running(first), { maxRestarts: 0 })), "InProgress PodRunningNotReady");
  const done = { restartCount: 5, lastState: crashed, state: { terminated: { exitCode: 0, reason: "Completed" } } };
  assert.equal(word(podHealth(running(done), soon)), "InProgress PodRunningNotReady");
  const later = { maxRestarts: 3, nowMs: startMs + 600_000 };
  assert.equal(word(podHealth(running(again), later)), "InProgress PodRunningNotReady");
});

test("a ready pod is healthy, however often it was restarted", () => {
  const status = { phase: "Running", conditions: [{ type: "Ready", status: "True" }] };
  const containerStatuses = [{ name: "main", ready: true, restartCount: 50, lastState: crashed }];
  assert.equal(word(podHealth(pod({ ...status, containerStatuses }), { maxRestarts: 0 })), "Current PodReady");
});

test("images: what is refused or invalid is final, a registry in trouble is not (R2)", () => {
  const cases: readonly (readonly [string, string, string])[] = [
    [
      "ImagePullBackOff",
      'Back-off pulling image "shop/web:9": ErrImagePull: not found',
      "Failed ImagePullBackOff final",
    ],
    // A kubelet that gives no cause says the same of a registry that is away.
    ["ImagePullBackOff", 'Back-off pulling image "shop/not-found:9"', "Failed ImagePullBackOff"],
    ["ImagePullBackOff", "toomanyrequests: You have reached your pull rate limit.", "Failed ImagePullBackOff"],
    ["ErrImagePull", "unexpected status code https://r.example: 429 Too Many Requests", "Failed ErrImagePull"],
    ["ErrImagePull", "failed to authorize: 401 Unauthorized", "Failed ErrImagePull final"],
    ["ErrImagePull", "no match for platform in manifest: not found", "Failed ErrImagePull final"],
    ["SignatureValidationFailed", "no signature", "Failed SignatureValidationFailed"],
    ["RegistryUnavailable", "", "Failed RegistryUnavailable"],
    [
      "ImagePullBackOff",
      'Back-off pulling image "web": ErrImagePull: 503 Service Unavailable',
      "Failed ImagePullBackOff",
    ],
    [
      "ImagePullBackOff",
      'Back-off pulling image "shop/timeout:9": ErrImagePull: not found',
      "Failed ImagePullBackOff final",
    ],
    ["ErrImagePull", "dial tcp: lookup registry.example: no such host", "Failed ErrImagePull"],
    ["ErrImagePull", "rpc error: code = Unknown desc = it broke", "Failed ErrImagePull"],
    ["ErrImagePull", "manifest unknown", "Failed ErrImagePull final"],
    ["ErrImagePull", "pull access denied, repository does not exist", "Failed ErrImagePull final"],
    ["InvalidImageName", 'couldn\'t parse image name "shop/web::"', "Failed InvalidImageName final"],
    ["ErrImageNeverPull", "", "Failed ErrImageNeverPull final"],
    ["CreateContainerConfigError", 'secret "db" not found', "Failed CreateContainerConfigError final"],
    ["CreateContainerError", "context deadline exceeded", "Failed CreateContainerError"],
    ["ContainerCreating", "", "InProgress PodPending"],
    ["PodInitializing", "", "InProgress PodPending"],
  ];
  for (const [reason, message, expected] of cases) {
    const containerStatuses = [{ name: "main", image: "shop/web:9", state: { waiting: { reason, message } } }];
    const health = podHealth(pod({ phase: "Pending", containerStatuses }));
    assert.equal(word(health), expected, `${reason}: ${message}`);
  }
});

test("what the manifest has to do with an end is told: the limit of memory, the probe upon which it is killed", () => {
  const told = (terminated: JsonObject, main: JsonObject): string => {
    const spec = { containers: [{ name: "main", ...main }] };
    return podHealth(running({ restartCount: 2, state: looping, lastState: { terminated } }, { spec })).message;
  };
  const limited = { resources: { limits: { memory: "64Mi" } } };
  assert.match(
    told({ exitCode: 137, reason: "OOMKilled" }, limited),
    /\(out of memory: its limit is 64Mi, 2 restarts\)$/,
  );
  const probed = { livenessProbe: { httpGet: { path: "/healthz", port: 80 } } };
  assert.match(
    told({ exitCode: 137 }, probed),
    /\(exit code 137: killed, as on a failing livenessProbe, 2 restarts\)$/,
  );
  assert.match(told({ exitCode: 1 }, probed), /\(exit code 1, 2 restarts\)$/);
});

test("a pod that was made to go says by whom", () => {
  const message = "default-scheduler: preempting to accommodate a higher priority pod";
  const conditions = [{ type: "DisruptionTarget", status: "True", reason: "PreemptionByScheduler", message }];
  const containerStatuses = [{ name: "main", state: { terminated: { exitCode: 143, reason: "Error" } } }];
  assert.equal(
    podHealth(pod({ phase: "Failed", conditions, containerStatuses })).message,
    `pod web-1 failed: ${message}`,
  );
});

test("a refused start says pod, container and what is missing", () => {
  const waiting = { reason: "CreateContainerConfigError", message: 'secret "db" not found' };
  const health = podHealth(pod({ phase: "Pending", containerStatuses: [{ name: "main", state: { waiting } }] }));
  assert.equal(
    health.message,
    'pod web-1: container main cannot start, it is configured with what is not there or not allowed: secret "db" not found',
  );
});

test("what cannot get better is told first, whatever the order of the containers", () => {
  const hiccup = { name: "a", restartCount: 1, state: looping, lastState: crashed };
  const hopeless = { name: "b", state: { waiting: { reason: "InvalidImageName" } } };
  for (const containerStatuses of [
    [hiccup, hopeless],
    [hopeless, hiccup],
  ]) {
    const health = podHealth(pod({ phase: "Pending", containerStatuses }), { maxRestarts: 3 });
    assert.equal(word(health), "Failed InvalidImageName final");
  }
});

test("a pod without a place waits, then fails, and is given up after three minutes (R2)", () => {
  const conditions = [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message: "0/3 nodes" }];
  const lost = pod({ phase: "Pending", conditions });
  const at = (seconds: number): string => word(podHealth(lost, { nowMs: startMs + seconds * 1000 }));
  assert.equal(at(5), "InProgress PodNotScheduled");
  assert.equal(at(15), "Failed PodUnschedulable");
  assert.equal(at(180), "Failed PodUnschedulable final");
  assert.equal(podHealth(lost).message, "pod web-1 cannot be scheduled: 0/3 nodes");
  const twice = "0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available: 3 No victims.";
  const long = podHealth(pod({ phase: "Pending", conditions: [{ ...conditions[0]!, message: twice }] }));
  assert.equal(long.message, "pod web-1 cannot be scheduled: 0/3 nodes are available: 3 Insufficient cpu");
  const timeless = podHealth(pod({ phase: "Pending", conditions }, { metadata: { name: "web-1" } }), {
    nowMs: startMs,
  });
  assert.equal(word(timeless), "Failed PodUnschedulable");
  const held = [{ type: "PodScheduled", status: "False", reason: "SchedulingGated" }];
  const gated = podHealth(pod({ phase: "Pending", conditions: held }), { nowMs: startMs + 900_000 });
  assert.equal(word(gated), "InProgress PodNotScheduled");
});

test("a pod held back for long gets its whole allowance once the scheduler looks at it", () => {
  const lastTransitionTime = "2026-01-01T01:00:00Z";
  const conditions = [{ type: "PodScheduled", status: "False", reason: "Unschedulable", lastTransitionTime }];
  const health = podHealth(pod({ phase: "Pending", conditions }), { nowMs: Date.parse(lastTransitionTime) + 5000 });
  assert.equal(word(health), "InProgress PodNotScheduled");
});

test("a pod that is a piece of work is healthy when it is done, unless its repository says otherwise", () => {
  const status = { phase: "Running", conditions: [{ type: "Ready", status: "True" }] };
  const judged = (restartPolicy: string, annotations: JsonObject = {}): string =>
    word(podHealth(pod(status, { metadata: { name: "task", annotations }, spec: { restartPolicy } })));
  const ignore = { "argocd.argoproj.io/ignore-restart-policy": "true" };
  assert.equal(judged("Always"), "Current PodReady");
  assert.equal(judged("Never"), "InProgress PodRunning");
  assert.equal(judged("OnFailure"), "InProgress PodRunning");
  assert.equal(judged("Never", ignore), "Current PodReady");
  assert.equal(judged("Never", { ...ignore, "argocd.argoproj.io/hook": "PreSync" }), "InProgress PodRunning");
});
