import assert from "node:assert/strict";
import { test } from "node:test";
import { timeText } from "../../clock.ts";
import type { Pod } from "../objects.ts";
import { podsToDelete } from "./ranking.ts";

const nowMs = Date.UTC(2026, 0, 2);

interface Traits {
  readonly node?: string;
  readonly phase?: string;
  readonly readySeconds?: number;
  readonly cost?: string;
  readonly restarts?: number;
  readonly ageSeconds?: number;
}

function pod(name: string, traits: Traits = {}): Pod {
  const { node = "n", phase = "Running", readySeconds = 1000, cost, restarts = 0, ageSeconds = 1000 } = traits;
  const ready = { type: "Ready", status: "True", lastTransitionTime: timeText(nowMs - readySeconds * 1000) };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      uid: name,
      creationTimestamp: timeText(nowMs - ageSeconds * 1000),
      ...(cost !== undefined && { annotations: { "controller.kubernetes.io/pod-deletion-cost": cost } }),
    },
    spec: { containers: [], ...(node !== "" && { nodeName: node }) },
    status: {
      phase,
      conditions: readySeconds < 0 ? [] : [ready],
      containerStatuses: [{ name: "c", image: "", imageID: "", ready: true, restartCount: restarts }],
    },
  };
}

test("each trait decides where the ones before are equal", () => {
  const rows: readonly (readonly [string, Traits, Traits])[] = [
    ["not placed", { node: "", phase: "Pending" }, { phase: "Pending" }],
    ["pending", { phase: "Pending", readySeconds: 1 }, { readySeconds: -1 }],
    ["not ready", { readySeconds: -1 }, { cost: "-5" }],
    ["cheaper", { cost: "-5", readySeconds: 9000 }, { readySeconds: 1 }],
    ["ready for a shorter time", { readySeconds: 10 }, { readySeconds: 5000 }],
    ["restarted", { restarts: 3 }, { restarts: 1 }],
    ["younger", { ageSeconds: 10 }, { ageSeconds: 5000 }],
  ];
  for (const [why, first, second] of rows) {
    const pods = [pod("a", second), pod("b", first)];
    assert.deepEqual(
      podsToDelete(pods, pods, 1, nowMs).map(({ metadata }) => metadata.name),
      ["b"],
      why,
    );
  }
});

test("the more crowded node loses its pod", () => {
  const pods = [pod("a", { node: "quiet" }), pod("b", { node: "crowded" })];
  const related = [...pods, pod("c", { node: "crowded" })];
  assert.equal(podsToDelete(pods, related, 1, nowMs)[0]?.metadata.name, "b");
});
