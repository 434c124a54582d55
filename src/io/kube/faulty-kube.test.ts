import assert from "node:assert/strict";
import { test } from "node:test";
import { faultyKube } from "./faulty-kube.ts";
import type { Kube, WatchMessage } from "./kube.ts";
import { recordingKube } from "./recording-kube.ts";
import type { RecordedRequest } from "./recording-kube.ts";

const resource = { group: "", version: "v1", kind: "ConfigMap", resource: "configmaps", namespaced: true };
const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a", namespace: "shop" } };
const none = { before: 0, after: 0, throttled: 0, watchBreak: 0 };

/** A door behind which one object is always there, and a watch tells of it again and again when asked to. */
function plain() {
  const watches: ((message: WatchMessage) => void)[] = [];
  const answer = { ok: true, value: object, warnings: [] } as const;
  const unasked = () => Promise.reject(new Error("is not asked here"));
  const door: Kube = {
    resource: unasked,
    list: unasked,
    create: unasked,
    replace: unasked,
    delete: unasked,
    raw: unasked,
    requestCounts: () => new Map(),
    close: () => undefined,
    get: () => Promise.resolve(answer),
    apply: () => Promise.resolve(answer),
    watch(_target: unknown, onMessage: (message: WatchMessage) => void, signal: AbortSignal) {
      const tell = (message: WatchMessage) => {
        if (!signal.aborted) onMessage(message);
      };
      watches.push(tell);
      tell({ type: "synced", objects: [object] });
    },
  };
  return { door, watches };
}

async function outcome(faults: Partial<typeof none>) {
  const seen: RecordedRequest[] = [];
  const kube = faultyKube(
    recordingKube(plain().door, (request) => seen.push(request)),
    { ...none, random: () => 0.5, ...faults },
  );
  const answer = await kube.apply(resource, object, { fieldManager: "plumbline", force: false, dryRun: true });
  return [seen.length, answer.ok ? "ok" : answer.refusal.reason];
}

test("requests are lost before the effect, answers after it, and throttled ones have none", async () => {
  assert.deepEqual(await outcome({}), [1, "ok"]);
  assert.deepEqual(await outcome({ before: 1 }), [0, "Unreachable"]);
  assert.deepEqual(await outcome({ throttled: 1 }), [0, "TooManyRequests"]);
  assert.deepEqual(await outcome({ after: 1 }), [1, "Unreachable"]);
});

test("what is recorded names verb, kind, place and dry run", async () => {
  const seen: RecordedRequest[] = [];
  const kube = recordingKube(plain().door, (request) => seen.push(request));
  await kube.apply(resource, object, { fieldManager: "plumbline", force: false, dryRun: true });
  assert.deepEqual(seen, [{ verb: "apply", what: "ConfigMap", namespace: "shop", name: "a", dryRun: true }]);
});

test("a watch that breaks begins again with the whole list, and loses nothing", () => {
  const { door, watches } = plain();
  const dice = [0.9, 0.1, 0.9];
  const kube = faultyKube(door, { ...none, watchBreak: 0.5, random: () => dice.shift() ?? 0.9 });
  const told: string[] = [];
  const ended = new AbortController();
  kube.watch({ resource }, (message) => told.push(message.type), ended.signal);
  watches[0]?.({ type: "changed", object });
  watches[0]?.({ type: "changed", object });
  watches[0]?.({ type: "changed", object });
  watches[1]?.({ type: "changed", object });
  ended.abort();
  watches[1]?.({ type: "changed", object });
  assert.deepEqual(told, ["synced", "changed", "trouble", "synced", "changed"]);
});
