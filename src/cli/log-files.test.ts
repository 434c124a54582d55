import assert from "node:assert/strict";
import { test } from "node:test";
import type { Snapshot } from "../engine/snapshot.ts";
import type { LogFiles } from "../history/delivery-log.ts";
import { recordText } from "../history/record-text.ts";
import { sampleRecord } from "../history/sample-record-in-test.ts";
import type { DeliveryRecord } from "../model/record.ts";
import type { StatusDocument } from "../model/status-document.ts";
import { statusDocument } from "../status/document.ts";
import { sampleApplication } from "../status/sample-source-in-test.ts";
import { logFiles } from "./log-files.ts";

const historyKept = 20;
const engine = { version: "1", startedAt: "2026-01-01T00:00:00.000Z" };
const documentOf = (snapshot: Snapshot): StatusDocument => statusDocument({ engine, ...snapshot }, 0);

function record(id: string, delivery: number): DeliveryRecord {
  const startedAt = new Date(Date.UTC(2026, 0, 1) + delivery * 60_000).toISOString();
  const revision = { ...sampleRecord().revision, commit: delivery.toString(16).padStart(40, "0") };
  const ref = { group: "apps", kind: "Deployment", namespace: "shop", name: "web" };
  const health = [{ ref, health: { status: "Current", reason: "Current", message: "2 of 2 pods are ready" } as const }];
  const drift = Array.from({ length: Math.min(delivery, 20) }, () => {
    return { ref, manager: "kubectl", fields: ["spec.replicas"], at: startedAt, undoneMs: 12 };
  });
  return sampleRecord({ application: id, revision, startedAt, decidedAt: startedAt, health, drift });
}

function fleet(count: number, deliveries: number): Snapshot {
  const applications = Array.from({ length: count }, (_, index) => {
    const id = `staging/app-${index}`;
    const history = Array.from({ length: Math.min(deliveries, historyKept) }, (__, age) =>
      record(id, deliveries - age),
    );
    const newest = history[0] ?? record(id, 0);
    return {
      application: { ...sampleApplication, id, name: `app-${index}` },
      record: newest,
      observation: { objects: newest.health, pods: [] },
      history,
    };
  });
  return { repository: { url: "u", branch: "main", reachable: true }, applications };
}

/** Bytes of what a decision on the application writes at most: its record, and what is not there already. */
function bytesOf(snapshot: Snapshot, id: string): number {
  const files = logFiles({ assets: new Map(), documentOf }, snapshot, id);
  const own = snapshot.applications.find((one) => one.record.application === id);
  const written = [...files.values()].filter((file) => typeof file === "string");
  return [recordText(own?.record ?? record(id, 0)), ...written].reduce((sum, text) => sum + text.length, 0);
}

function documentIn(files: LogFiles, path: string): StatusDocument {
  const file = files.get(path);
  assert.ok(typeof file === "string" || (file && "once" in file));
  return JSON.parse(typeof file === "string" ? file : file.once()) as StatusDocument;
}

test("a decision costs the same, however often it delivered before", () => {
  const after = [25, 100, 1000].map((deliveries) => bytesOf(fleet(1, deliveries), "staging/app-0"));
  assert.ok(
    Math.max(...after) - Math.min(...after) < 200,
    `${after.join(", ")} bytes: times and ids aside they are the same`,
  );
});

test("a decision among a thousand applications costs about what it costs among a hundred", () => {
  const mean = (count: number): number => {
    const snapshot = fleet(count, 20);
    const ids = snapshot.applications.slice(0, 30).map((one) => one.record.application);
    return ids.reduce((sum, id) => sum + bytesOf(snapshot, id), 0) / ids.length;
  };
  const [hundred, thousand] = [mean(100), mean(1000)];
  assert.ok(thousand < hundred * 1.5, `${hundred} and ${thousand} bytes`);
  assert.ok(thousand < 200_000, `${thousand} bytes`);
});

test("every application is in exactly one part, and of a few there are none", () => {
  const parts = (files: LogFiles): readonly StatusDocument[] =>
    [...files].flatMap(([path, file]) => {
      return /^page\/\d+\/\d+\.json$/.test(path) && file !== null ? [documentIn(files, path)] : [];
    });
  const many = fleet(100, 1);
  const files = logFiles({ assets: new Map(), documentOf }, many, "staging/app-7");
  const ids = parts(files).flatMap(({ applications }) => applications.map(({ id }) => id));
  assert.deepEqual(ids.toSorted(), many.applications.map(({ record: { application } }) => application).toSorted());
  const whole = documentIn(files, "status.json");
  assert.deepEqual([whole.applications.length, whole.parts?.length], [0, 16]);
  assert.deepEqual([files.get("page/8"), files.get("page/32")], [null, null], "those of another size go");
  const written = [...files].filter(([path, file]) => path.startsWith("page/") && typeof file === "string");
  assert.equal(written.length, 1, "the others are there already");

  const few = logFiles({ assets: new Map(), documentOf }, fleet(3, 1), "staging/app-1");
  assert.deepEqual(
    [...few.keys()].filter((path) => !path.startsWith("page/")),
    ["README.md", "staging/app-1.md", "status.json"],
  );
  assert.equal(documentIn(few, "status.json").applications.length, 3);
});
