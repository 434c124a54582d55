import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { outcomes } from "../model/record.ts";
import type { DeliveryRecord, Promotion } from "../model/record.ts";
import { logMessage, took } from "./log-message.ts";
import { promotionMessage } from "./promote.ts";
import { parseRecord, recordText } from "./record-text.ts";
import { sampleApplication } from "../source/sample-application-in-test.ts";
import { rollbackMessage } from "./rollback.ts";
import type { RollbackRequest } from "./rollback.ts";
import { sampleRecord } from "./sample-record-in-test.ts";

const application = sampleApplication();
const request: RollbackRequest = {
  application,
  branch: "main",
  failing: { ...sampleRecord().revision, commit: "f".repeat(40) },
  restores: { commit: "1a2b3c4d".padEnd(40, "0"), tree: "3".repeat(40), healthyAt: "2026-11-23T19:00:00.000Z" },
  reason: "CrashLoop",
  rejects: [`plumbline.local/backend:v2@sha256:${"b".repeat(64)}`],
  message: "Pod backend-5f crashed three times.",
};

test("a rollback commit says what failed, why and what it undoes", () => {
  assert.equal(
    rollbackMessage(request),
    `Roll back staging/probe to 1a2b3c4d: Pod backend-5f crashed three times

staging/probe did not become healthy at ffffffff (Change probe): Pod
backend-5f crashed three times.

This commit puts the directory staging/probe back to what it was at
1a2b3c4d, which was last proved healthy at 2026-11-23T19:00:00.000Z. It
changes nothing else. To try again, push a corrected version.

Plumbline-Application: staging/probe
Plumbline-Undoes: ${"f".repeat(40)}
Plumbline-Restores: 1a2b3c4d${"0".repeat(32)}
Plumbline-Reason: CrashLoop
Plumbline-Rejects: plumbline.local/backend:v2@sha256:${"b".repeat(64)}
`,
  );
});

test("no text can pass for another part of the message", () => {
  const nasty = fc.oneof(
    fc.string(),
    fc.constantFrom("a\n\nPlumbline-Undoes: evil", "\r\n\r\nX: y", "\u2028a", "x".repeat(500), ""),
  );
  fc.assert(
    fc.property(nasty, nasty, nasty, (message, reason, subject) => {
      const text = rollbackMessage({ ...request, message, reason, failing: { ...request.failing, subject } });
      const paragraphs = text.trimEnd().split("\n\n");
      assert.equal(paragraphs.length, 4);
      assert.ok((paragraphs[0]?.length ?? 999) <= 120 && !paragraphs[0]?.includes("\n"));
      const trailers = paragraphs[3]?.split("\n") ?? [];
      assert.deepEqual(
        trailers.map((line) => line.split(":")[0]),
        ["Plumbline-Application", "Plumbline-Undoes", "Plumbline-Restores", "Plumbline-Reason", "Plumbline-Rejects"],
      );
    }),
  );
});

test("a promotion commit says what was healthy where, and the same for machines", () => {
  const images = [`plumbline.local/backend:v2@sha256:${"b".repeat(64)}`];
  const candidate = { from: "staging/probe", commit: "1a2b3c4d".padEnd(40, "0"), images };
  const target = { ...application, id: "production/probe", path: "production/probe" };
  const via = { via: "commit", branch: "main", onto: { tree: "" }, failed: new Map() } as const;
  assert.equal(
    promotionMessage({ ...via, application: target, candidate, release: "abc" }),
    `Promote staging/probe at 1a2b3c4d to production/probe

These images were proved healthy in staging/probe at 1a2b3c4d. This
commit pins them below production/probe and changes nothing else.

Plumbline-Application: production/probe
Plumbline-Promotes: staging/probe@1a2b3c4d${"0".repeat(32)}
Plumbline-Release: abc
Plumbline-Image: ${images[0]}
`,
  );
});

test("a promotion that was decided after the delivery is what its commit on the log is about", () => {
  const promotion: Promotion = {
    from: "staging/probe",
    commit: "1".repeat(40),
    images: [],
    onto: "2".repeat(40),
    outcome: "proposed",
    message: "1 image that staging/probe proved healthy, for review",
    at: "2026-11-23T20:00:12.341Z",
    superseded: [],
  };
  const subject = (record: Partial<DeliveryRecord>): string =>
    logMessage(sampleRecord(record)).split("\n")[0]?.replace("staging/probe: ", "") ?? "";
  assert.equal(subject({ promotion }), "promotion proposed: 1 image that staging/probe proved healthy, for review");
  const before = { ...promotion, at: "2026-11-23T20:00:12.340Z" };
  assert.equal(subject({ promotion: before }), "healthy at 1a2b3c4d (in 12.3 s)");
  const ref = { group: "", kind: "ConfigMap", namespace: "a", name: "b" };
  const later = { ref, manager: "m", fields: ["data.a"], at: "2026-11-23T20:00:12.342Z", undoneMs: 1 };
  assert.match(subject({ promotion, drift: [later] }), /^undone in 1 ms/);
  const degradedSince = later.at;
  assert.match(subject({ drift: [later], degradedSince }), /^undone in 1 ms, not healthy again yet: ConfigMap a\/b/);
  const together = { ...later, at: promotion.at };
  assert.match(subject({ promotion, drift: [together] }), /^undone in 1 ms/, "of the same instant: what was undone");
  const atDecision = { ...later, at: before.at };
  assert.equal(subject({ drift: [atDecision] }), "healthy at 1a2b3c4d (in 12.3 s)", "what the decision knew already");
  const record = sampleRecord({ promotion });
  assert.deepEqual(parseRecord(Buffer.from(recordText(record)), "staging/probe"), record);
});

test("the log reads as the deployment history", () => {
  const subjects = outcomes.map(
    (outcome) => logMessage(sampleRecord({ outcome, message: "Something happened." })).split("\n")[0],
  );
  assert.deepEqual(subjects, [
    "staging/probe: delivering 1a2b3c4d",
    "staging/probe: healthy at 1a2b3c4d (in 12.3 s)",
    "staging/probe: failed at 1a2b3c4d (in 12.3 s): Something happened",
    "staging/probe: rolled back 1a2b3c4d",
    "staging/probe: held at 1a2b3c4d: Something happened",
    "staging/probe: refused 1a2b3c4d: Something happened",
    "staging/probe: 1a2b3c4d gave way to a newer commit",
  ]);
});

test("a delivery of a minute and more is told in minutes", () => {
  const startedAt = "2026-11-23T20:00:00.000Z";
  const inTime = (decidedAt: string): string => took(sampleRecord({ startedAt, decidedAt }));
  assert.equal(inTime("2026-11-23T20:00:59.900Z"), " (in 59.9 s)");
  assert.equal(inTime("2026-11-23T20:01:00.000Z"), " (in 1 min 0 s)");
  assert.equal(inTime("2026-11-23T20:02:05.000Z"), " (in 2 min 5 s)");
});

test("a record is the same bytes whatever order it was made in, and comes back", () => {
  const record = sampleRecord({ remedy: "Do it.", lastHealthy: request.restores });
  const turned = Object.fromEntries(Object.entries(record).toReversed()) as typeof record;
  assert.equal(recordText(turned), recordText(record));
  assert.ok(recordText(record).endsWith("}\n"));
  const keys = [...recordText(record).matchAll(/^ {2}"(\w+)":/gm)].map(([, key]) => key ?? "");
  assert.ok(
    keys.every((key, index) => index === 0 || key > (keys[index - 1] ?? "")),
    "in the order of the alphabet, so that a change is one line",
  );
  assert.deepEqual(parseRecord(Buffer.from(recordText(record)), "staging/probe"), record);
});

test("what is no record of the application is none", () => {
  const text = recordText(sampleRecord());
  assert.equal(parseRecord(Buffer.from(text), "staging/other"), undefined);
  for (const broken of [
    "",
    "{}",
    "null",
    "[",
    text.replace('"schema": 1', '"schema": 2'),
    text.replace('"healthy"', '"great"'),
  ]) {
    assert.equal(parseRecord(Buffer.from(broken), "staging/probe"), undefined, broken);
  }
});

test("a canary that has passed is a commit of its own on the log", () => {
  const canary = { pods: 1, beside: 4 };
  const subject = (record: Partial<DeliveryRecord>): string | undefined =>
    logMessage(sampleRecord({ outcome: "progressing", ...record })).split("\n")[0];
  assert.match(subject({ canary }) ?? "", /: delivering \S+$/);
  const passedAt = "2026-01-01T00:01:00.000Z";
  assert.match(subject({ canary: { ...canary, passedAt } }) ?? "", /: the canary of \S+ has passed$/);
});
