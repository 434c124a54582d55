import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeliveryRecord } from "../model/record.ts";
import { applicationPage, logReadme } from "./log-readme.ts";
import { sampleRecord } from "./sample-record-in-test.ts";

const repository = { url: "https://git.example/shop.git", branch: "main" };
const lastHealthy = {
  commit: "9".repeat(40),
  tree: "8".repeat(40),
  healthyAt: "2026-11-22T10:00:00.000Z",
  images: [`registry.example/team/web:v1.0.0@sha256:${"1".repeat(64)}`],
};
const healthy = sampleRecord({ application: "production/web", lastHealthy });
const failed = sampleRecord({
  application: "staging/web",
  outcome: "held",
  message: "pod web-1 is not ready",
  remedy: "fix it",
  lastHealthy,
});

function of(...records: readonly DeliveryRecord[]) {
  return records.map((record) => ({ record, history: [record] }));
}

test("the first page says what runs, since when, who wrote it and why; what is in trouble comes first", () => {
  const text = logReadme({ repository, applications: of(healthy, failed) });
  const rows = text.split("\n").filter((line) => line.startsWith("| [") || line.startsWith("| 2"));
  assert.deepEqual(rows, [
    "| [staging/web](staging/web.md) | ✋ held | web:v1.0.0 99999999 | 2026-11-23 20:00:12 UTC | A | 1a2b3c4d: pod web-1 is not ready |",
    "| [production/web](production/web.md) | ✅ healthy | web:v1.0.0 99999999 | 2026-11-23 20:00:12 UTC | A | Change probe |",
    "| 2026-11-23 20:00:12 UTC | [production/web](production/web.md) | ✅ healthy 1a2b3c4d (in 12.3 s) | A | Change probe |",
    "| 2026-11-23 20:00:12 UTC | [staging/web](staging/web.md) | ✋ held 1a2b3c4d (in 12.3 s) | A | pod web-1 is not ready |",
  ]);
  assert.match(text, /\*\*1 of 2 applications are healthy\.\*\*/);
  assert.match(logReadme({ repository, applications: [] }), /\*\*0 of 0 applications are healthy\.\*\*\n$/);
  const trouble = logReadme({ repository: { ...repository, trouble: "delivery.yaml:3: wrong" }, applications: [] });
  assert.match(trouble, /\*\*Nothing new is delivered:\*\* delivery\.yaml:3: wrong/);
});

test("the latest come first, those of one time by their ids, in whatever order they are given", () => {
  const at = (application: string, minute: number): DeliveryRecord =>
    sampleRecord({ application, decidedAt: `2026-11-23T20:0${minute}:00.000Z` });
  const records = [at("a/one", 1), at("b/two", 5), at("c/three", 5), at("d/four", 3), at("e/five", 9), at("f/six", 2)];
  const wanted = ["e/five", "b/two", "c/three", "d/four", "f/six", "a/one"];
  for (const given of [records, records.toReversed(), records.toSorted((a, b) => (a.reason < b.reason ? -1 : 1))]) {
    const text = logReadme({ repository, applications: of(...given) });
    const named = (rows: RegExp) => [...text.matchAll(rows)].map(([, name]) => name);
    assert.deepEqual(named(/^\| \[([^\]]+)\]/gm), wanted);
    assert.deepEqual(named(/^\| 2026-[^|]+\| \[([^\]]+)\]/gm), wanted, "the last decisions too");
  }
});

test("of many applications the decisions that are listed are the latest of all", () => {
  const at = (name: string, day: number): DeliveryRecord =>
    sampleRecord({ application: `a/${name}`, decidedAt: `2026-10-${String(day).padStart(2, "0")}T20:00:00.000Z` });
  const records = Array.from({ length: 28 }, (_, n) => at(`n${(n * 11) % 28}`, ((n * 11) % 28) + 1));
  const text = logReadme({ repository, applications: of(...records) });
  const days = [...text.matchAll(/^\| 2026-10-(\d\d)/gm)].map(([, day]) => Number(day));
  assert.ok(days.length > 0 && days.length < 28);
  assert.deepEqual(
    days,
    Array.from({ length: days.length }, (_, n) => 28 - n),
  );
});

test("a text of two hundred characters is shown whole, a longer one cut", () => {
  const shown = (length: number): string => {
    const revision = { ...healthy.revision, subject: "x".repeat(length) };
    return logReadme({ repository, applications: of({ ...healthy, revision }) });
  };
  assert.match(shown(200), /\| x{200} \|/);
  assert.match(shown(201), /\| x{199}… \|/);
});

test("an application's page says what to do, and how its deliveries ended", () => {
  const rollback = { commit: "7".repeat(40), undoes: failed.revision.commit, restores: lastHealthy };
  const past = { ...failed, outcome: "rolled-back", rollback } as const;
  const text = applicationPage({ record: failed, history: [failed, past, healthy] });
  assert.match(text, /^# staging\/web\n\n- \*\*✋ held\*\*, since 2026-11-23 20:00:12 UTC: pod web-1 is not ready\n/);
  assert.match(text, /\n- to do: fix it\n/);
  assert.match(
    text,
    /\| ↩️ rolled back \(in 12\.3 s\), undone by 77777777 \| A \| Change probe \| pod web-1 is not ready \|/,
  );
  assert.match(text, /\n- runs: web:v1\.0\.0 of commit 99999999, proved healthy 2026-11-22 10:00:00 UTC\n/);
});

test("whatever people call things is only ever text", () => {
  const hostile =
    "<img src=x onerror=alert(1)> | `a` [b](javascript:c) ![d](e) **f** @everyone https://evil.example\n# h";
  const record = sampleRecord({
    application: `staging/${hostile.replaceAll("/", "")}`,
    revision: { ...healthy.revision, subject: hostile, author: `${hostile} <a@b>` },
    outcome: "held",
    message: hostile,
    remedy: hostile,
    namespace: hostile,
    cluster: hostile,
    lastHealthy: { ...lastHealthy, images: [hostile] },
  });
  for (const text of [
    logReadme({ repository: { url: hostile, branch: hostile, trouble: hostile }, applications: of(record) }),
    applicationPage({ record, history: [record] }),
  ]) {
    const own = text.replaceAll(/\*\*(\d of|Nothing new is delivered:\*\*|[✋])/gu, "").replaceAll("`git log`", "");
    assert.doesNotMatch(own, /<|\]\((?!staging\/[\w%.-]+\.md\)|\.\.\/README\.md\))|!\[|`|@\w|https:\/\/|\*\*f|^# h/m);
    const columns = own
      .split("\n")
      .filter((line) => line.startsWith("|"))
      .map((line) => line.split("|").length);
    assert.deepEqual(new Set(columns), columns.length > 4 ? new Set([8, 7]) : new Set([8]));
  }
});

test("the first page does not grow with the fleet, and says how many it does not list", () => {
  const fleet = (count: number) =>
    of(
      ...Array.from({ length: count }, (_, index) =>
        sampleRecord({ application: `staging/app-${index}`, lastHealthy }),
      ),
    );
  const [hundred, thousand] = [100, 1000].map((count) => logReadme({ repository, applications: fleet(count) }));
  assert.match(thousand ?? "", /And 900 more, all healthy or decided longer ago/);
  assert.ok((thousand ?? "").length < (hundred ?? "").length * 1.1);
});
