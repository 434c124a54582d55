import assert from "node:assert/strict";
import { test } from "node:test";
import type { Event } from "kubernetes-types/core/v1.js";
import type { KubeObject } from "./client.ts";
import { startTestCluster, type TestCluster } from "./controllers/cluster-in-test.ts";
import { recordEvents, type RecordEvent } from "./events.ts";

interface Recording {
  readonly record: RecordEvent;
  readonly cluster: TestCluster;
  /** The events as messages with their counts, in order. */
  readonly told: () => Promise<readonly string[]>;
}

async function recording(): Promise<Recording> {
  const cluster = await startTestCluster();
  const { record, settle } = recordEvents(cluster.client, cluster.clock, "tester");
  const told = async (): Promise<readonly string[]> => {
    await settle();
    return cluster.client
      .list<KubeObject & Pick<Event, "count" | "message">>({ group: "", resource: "events" }, "ns")
      .toSorted((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion))
      .map(({ message = "", count = 0 }) => `${message} x${count}`);
  };
  return { record, cluster, told };
}

const about = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a", namespace: "ns", uid: "u" } };

test("what repeats is counted, and what differs in its message alone is told as one after the ninth", async (t) => {
  const { record, cluster, told } = await recording();
  t.after(cluster.stop);
  for (const message of ["1", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"]) {
    record(about, "Warning", "Failed", message);
  }
  record(about, "Warning", "Other", "12");
  const each = ["1 x2", "2 x1", "3 x1", "4 x1", "5 x1", "6 x1", "7 x1", "8 x1", "9 x1"];
  assert.deepEqual(await told(), [...each, "(combined from similar events): 11 x2", "12 x1"]);
});

test("an object in trouble is told of twenty-five times, and then once in five minutes", async (t) => {
  const { record, cluster, told } = await recording();
  t.after(cluster.stop);
  for (let time = 0; time < 40; time += 1) record(about, "Warning", "Failed", "again");
  assert.deepEqual(await told(), ["again x25"]);
  await cluster.clock.advance(300_000);
  record(about, "Warning", "Failed", "again");
  record(about, "Warning", "Failed", "again");
  assert.deepEqual(await told(), ["again x41"]);
  record({ ...about, metadata: { ...about.metadata, uid: "other" } }, "Normal", "Fine", "fine");
  assert.deepEqual(await told(), ["again x41", "fine x1"]);
});
