import assert from "node:assert/strict";
import { test } from "node:test";
import type { ContainerStatus } from "kubernetes-types/core/v1.js";
import type { ContainerState, Pod } from "./pod.ts";
import { podStatus, type PodView } from "./pod-status.ts";

const now = Date.UTC(2026, 0, 1);

function pod(more: Partial<Pod["spec"]> = {}): Pod {
  const containers = [{ name: "a" }, { name: "b" }];
  return { apiVersion: "v1", kind: "Pod", metadata: { name: "p", generation: 1 }, spec: { containers, ...more } };
}

function container(name: string, state: ContainerState, more: Partial<ContainerStatus> = {}): ContainerStatus {
  const rest = { lastState: {}, restartCount: 0, started: false, ready: false };
  return { name, image: "i", imageID: "", state, ...rest, ...more };
}

function view(containers: readonly ContainerStatus[], more: Partial<PodView> = {}): PodView {
  const base = { hostIP: "127.1.0.1", podIP: "127.1.1.1", startedMs: now, sandbox: true, ended: false };
  return { ...base, initContainers: [], failure: undefined, containers, ...more };
}

const waiting = (reason: string) => ({ waiting: { reason } });
const running = { running: { startedAt: "2026-01-01T00:00:00Z" } };
const exited = (exitCode: number) => ({ terminated: { exitCode } });
const up = (name: string) => container(name, running, { started: true, ready: true });

for (const [what, phase, seen] of [
  ["waits for an image", "Pending", view([up("a"), container("b", waiting("ErrImagePull"))])],
  ["runs", "Running", view([up("a"), up("b")])],
  [
    "waits in a crash loop",
    "Running",
    view([up("a"), container("b", waiting("CrashLoopBackOff"), { lastState: exited(1) })]),
  ],
  ["has one ended container", "Running", view([up("a"), container("b", exited(2))])],
  ["ended well", "Succeeded", view([container("a", exited(0)), container("b", exited(0))], { ended: true })],
  ["ended badly", "Failed", view([container("a", exited(0)), container("b", exited(2))], { ended: true })],
  ["never started", "Failed", view([container("a", waiting("ErrImagePull")), up("b")], { ended: true })],
] as const) {
  test(`A pod that ${what} is ${phase}`, () => {
    assert.equal(podStatus(pod(), seen, now).phase, phase);
  });
}

test("The conditions say which containers are not ready, and keep their time while they stay", () => {
  const first = podStatus(pod(), view([up("a"), container("b", running, { started: true })]), now);
  const ready = first.conditions?.find(({ type }) => type === "Ready");
  assert.equal(ready?.status, "False");
  assert.equal(ready?.reason, "ContainersNotReady");
  assert.equal(ready?.message, "containers with unready status: [b]");
  assert.equal(ready?.observedGeneration, 1);
  const foreign = { type: "example.test/gate", status: "False" };
  const before: Pod = { ...pod(), status: { ...first, conditions: [...(first.conditions ?? []), foreign] } };
  const later = podStatus(before, view([up("a"), up("b")]), now + 5000);
  const timeOf = (type: string) => later.conditions?.find((condition) => condition.type === type)?.lastTransitionTime;
  assert.equal(timeOf("Ready"), "2026-01-01T00:00:05Z");
  assert.equal(timeOf("Initialized"), "2026-01-01T00:00:00Z");
  assert.ok(
    later.conditions?.some(({ type }) => type === "example.test/gate"),
    "conditions of others stay",
  );
});

test("Statuses stand by name; a container that had not begun when its pod ended was never found", () => {
  const spec = pod({ containers: [{ name: "b" }, { name: "a" }] });
  const seen = [container("b", waiting("ImagePullBackOff")), up("a")];
  const { containerStatuses: during } = podStatus(spec, view(seen), now);
  assert.deepEqual(
    during?.map(({ name }) => name),
    ["a", "b"],
  );
  assert.equal(during?.[1]?.state?.waiting?.reason, "ImagePullBackOff");
  const { containerStatuses: after, phase } = podStatus(spec, view(seen, { ended: true }), now);
  assert.equal(phase, "Failed");
  assert.deepEqual(after?.[1]?.state?.terminated, {
    exitCode: 137,
    reason: "ContainerStatusUnknown",
    message: "The container could not be located when the pod was terminated",
    startedAt: null,
    finishedAt: null,
  });
});

test("Init containers hold back Initialized, and a failed one fails the pod", () => {
  const spec = pod({ initContainers: [{ name: "i" }] });
  const open = [container("a", waiting("PodInitializing")), container("b", waiting("PodInitializing"))];
  const during = podStatus(spec, view(open, { initContainers: [container("i", running)] }), now);
  assert.equal(during.phase, "Pending");
  const initialized = during.conditions?.find(({ type }) => type === "Initialized");
  assert.equal(initialized?.message, "containers with incomplete status: [i]");
  const after = podStatus(spec, view(open, { initContainers: [container("i", exited(1))], ended: true }), now);
  assert.equal(after.phase, "Failed");
  assert.deepEqual(after.containerStatuses?.[0]?.state, waiting("PodInitializing"), "as nobody looked for it yet");
  const done = podStatus(spec, view(open, { initContainers: [container("i", exited(0))] }), now);
  assert.equal(done.initContainerStatuses?.[0]?.ready, true, "an init container that did its work is ready");
});

test("A readiness gate that nobody set keeps the pod from being ready", () => {
  const spec = pod({ readinessGates: [{ conditionType: "example.test/gate" }] });
  const status = podStatus(spec, view([up("a"), up("b")]), now);
  const ready = status.conditions?.find(({ type }) => type === "Ready");
  assert.equal(ready?.reason, "ReadinessGatesNotReady");
  assert.equal(ready?.message, 'corresponding condition of pod readiness gate "example.test/gate" does not exist.');
  assert.equal(status.conditions?.find(({ type }) => type === "ContainersReady")?.status, "True");
});
