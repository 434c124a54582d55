import assert from "node:assert/strict";
import { test } from "node:test";
import type { ObjectHealth, PodProgress } from "../model/health.ts";
import type { JsonObject } from "../model/json.ts";
import type { KubeObject } from "../model/kube-object.ts";
import { lastEvent } from "./last-event.ts";

const mount = 'MountVolume.SetUp failed for volume "keys" : secret "keys" not found';

function event(name: string, reason: string, message: string, more: JsonObject = {}): JsonObject {
  const kind = name.startsWith("pod-") ? "Pod" : "StatefulSet";
  return { involvedObject: { kind, name, uid: `uid-${name}` }, reason, message, ...more };
}

/** What is told of these events while a pod of a StatefulSet is on its way. */
async function told(
  events: readonly JsonObject[],
  { status = 200, pod = {} }: { readonly status?: number; readonly pod?: Partial<PodProgress> } = {},
): Promise<string | undefined> {
  const progress: PodProgress = {
    name: "pod-1",
    workload: "db",
    generation: "new",
    phase: "Pending",
    ready: false,
    restarts: 0,
    message: "",
    ...pod,
  };
  const ref = (group: string, kind: string, name: string) => ({ group, kind, namespace: "shop", name });
  const objects: readonly ObjectHealth[] = [
    { ref: ref("", "Secret", "keys"), health: { status: "Current", reason: "Present", message: "" } },
    { ref: ref("apps", "StatefulSet", "db"), health: { status: "InProgress", reason: "LessReady", message: "" } },
  ];
  const secret = { data: { token: Buffer.from("open-sesame").toString("base64") } };
  const live = {
    get: ({ kind, name }: { readonly kind: string; readonly name: string }) =>
      ({ metadata: { name, uid: `uid-${name}` }, ...(kind === "Secret" ? secret : {}) }) as KubeObject,
  };
  const raw = () => Promise.resolve({ status, body: JSON.stringify({ items: events }), headers: {} });
  return lastEvent({ raw }, live, { objects, pods: [progress] }, "shop");
}

test("the newest warning of a new pod that is not ready is told", async () => {
  const at = (lastTimestamp: string): JsonObject => ({ lastTimestamp });
  const events = [
    event("pod-1", "FailedMount", mount, at("2026-01-01T00:02:00Z")),
    event("pod-1", "NetworkNotReady", "earlier", { eventTime: "2026-01-01T00:01:00.000000Z" }),
    event("pod-2", "Unhealthy", "of another", at("2026-01-01T00:03:00Z")),
  ];
  assert.equal(await told(events), `Kubernetes says of pod pod-1: FailedMount: ${mount}`);
});

test("where no pod has a warning, one of what is not healthy is told: pods that a webhook refuses", async () => {
  const refused = event("db", "FailedCreate", 'admission webhook "x.example" denied the request');
  const sentence = 'Kubernetes says of StatefulSet db: FailedCreate: admission webhook "x.example" denied the request';
  assert.equal(await told([refused]), sentence);
  const old = event("pod-1", "FailedMount", mount);
  assert.equal(await told([old, refused], { pod: { generation: "old" } }), sentence);
});

test("what a status says too, what Plumbline says itself, and what was of another object of the name is left out", async () => {
  const events = [
    event("pod-1", "BackOff", "Back-off restarting failed container"),
    event("pod-1", "RolledBack", "…", { reportingComponent: "plumbline" }),
    event("pod-1", "FailedMount", mount, { involvedObject: { kind: "Pod", name: "pod-1", uid: "before" } }),
  ];
  assert.equal(await told(events), undefined);
});

test("what may not be read is left out, and no value of a Secret is told", async () => {
  const events = [event("pod-1", "FailedMount", "token open-sesame is old")];
  assert.equal(await told(events, { status: 403 }), undefined);
  assert.equal(await told(events), "Kubernetes says of pod pod-1: FailedMount: token *** is old");
});

test("what a probe's request was answered is told, what a program printed is not", async () => {
  const said = async (reason: string, message: string): Promise<string> =>
    (await told([event("pod-1", reason, message)]))?.replace("Kubernetes says of pod pod-1: ", "") ?? "";
  const failed = "Readiness probe failed";
  const status = `${failed}: HTTP probe failed with statuscode: 503`;
  assert.equal(await said("Unhealthy", status), `Unhealthy: ${status}`);
  const refused = `${failed}: Get "http://10.0.0.7:80/": dial tcp 10.0.0.7:80: connect: connection refused`;
  assert.equal(await said("Unhealthy", refused), `Unhealthy: ${refused}`);
  assert.equal(await said("Unhealthy", `${failed}: psql: password is hunter2\nno`), `Unhealthy: ${failed}`);
  const hook = "PostStartHook failed: command 'x' exited with 1: ";
  const withOutput = await said("FailedPostStartHook", `${hook}, message: "hunter2\n"`);
  assert.equal(withOutput, `FailedPostStartHook: ${hook.trim()}`);
});
