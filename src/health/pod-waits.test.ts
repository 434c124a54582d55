import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "../model/json.ts";
import { notReadyWords, startWords } from "./pod-waits.ts";

const name = "pod web-1";

test("a pod that is being started says what it waits for: an init container, a sidecar, what it mounts", () => {
  const told = (status: JsonObject, spec: JsonObject): string => startWords({ spec, status }, name);
  const running = { startedAt: "2026-01-01T00:00:00Z" };
  const init = { initContainerStatuses: [{ name: "migrate", ready: false, state: { running } }] };
  assert.equal(told(init, {}), "pod web-1 waits for its init container migrate to end");
  const probe = { httpGet: { path: "/up", port: 80 } };
  const sidecar = { initContainers: [{ name: "migrate", restartPolicy: "Always", startupProbe: probe }] };
  const unstarted = "container migrate does not pass its startup probe (GET /up)";
  assert.equal(told(init, sidecar), `pod web-1 waits for its sidecar: ${unstarted}`);
  const creating = { containerStatuses: [{ name: "main", state: { waiting: { reason: "ContainerCreating" } } }] };
  const volumes = [
    { name: "a", secret: { secretName: "keys" } },
    { name: "b", configMap: { name: "maybe", optional: true } },
    { name: "c", persistentVolumeClaim: { claimName: "data" } },
    { name: "d", emptyDir: {} },
  ];
  const mounting = "pod web-1 is being started; it mounts Secret keys, PersistentVolumeClaim data";
  assert.equal(told(creating, { volumes }), mounting);
  assert.equal(told(creating, {}), "pod web-1 is being started");
});

test("a pod that is not ready names the containers that are not, and the probe that they do not pass", () => {
  const sentence = (main: JsonObject, started = true): string => {
    const spec = { containers: [{ name: "main", ...main }, { name: "side" }] };
    const containerStatuses = [
      { name: "main", ready: false, started },
      { name: "side", ready: true },
    ];
    return notReadyWords({ spec, status: { containerStatuses } }, name);
  };
  const get = { httpGet: { path: "/readyz", port: 80 } };
  assert.equal(sentence({}), "pod web-1 is not ready: container main runs but is not ready");
  const readiness = "pod web-1 is not ready: container main does not pass its readiness probe";
  assert.equal(sentence({ readinessProbe: { exec: { command: ["true"] } } }), readiness);
  const both = { readinessProbe: get, startupProbe: get };
  assert.equal(sentence(both), `${readiness} (GET /readyz)`);
  assert.match(sentence(both, false), /does not pass its startup probe \(GET \/readyz\)$/);
});

test("a pod whose containers are all ready says what else it waits for: a sidecar, a gate, its node", () => {
  const told = (more: JsonObject, spec: JsonObject = {}): string =>
    notReadyWords({ spec, status: { containerStatuses: [{ name: "main", ready: true }], ...more } }, name);
  const sidecar = { initContainers: [{ name: "proxy", restartPolicy: "Always", readinessProbe: {} }] };
  const unready = { initContainerStatuses: [{ name: "proxy", ready: false, started: true }] };
  assert.equal(told(unready, sidecar), "pod web-1 is not ready: container proxy does not pass its readiness probe");
  const ready = (reason: string, message: string): JsonObject => ({
    conditions: [{ type: "Ready", status: "False", reason, message }],
  });
  const gated = told(ready("ReadinessGatesNotReady", "gate x is False"));
  assert.equal(gated, "pod web-1 runs but is not ready: gate x is False");
  assert.equal(told(ready("NodeNotReady", ""), { nodeName: "n1" }), "pod web-1 is not ready: its node n1 is not");
});
