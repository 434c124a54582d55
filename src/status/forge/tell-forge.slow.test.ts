import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { test } from "node:test";
import { systemHttp } from "../../io/http/system-http.ts";
import type { Notice, Receiver } from "../../model/notice.ts";
import { outcomes } from "../../model/record.ts";
import { noticesAgain } from "../notices.ts";
import { sampleRecord, sampleRevision } from "../sample-source-in-test.ts";
import { findForge } from "./find-forge.ts";
import { startForge, token } from "./forge-double-in-test.ts";
import type { ForgeDouble } from "./forge-double-in-test.ts";
import { forgeKinds } from "./forge.ts";
import type { ForgeKind } from "./forge.ts";
import { tellForge } from "./tell-forge.ts";

const nowMs = Date.parse("2026-01-01T00:00:00Z");
const never = new AbortController().signal;

function told(outcome: Notice["outcome"], message: string, commit = "a".repeat(40)): Notice {
  const [notice] = noticesAgain([sampleRecord({ revision: { ...sampleRevision("1"), commit }, outcome, message })]);
  assert.ok(notice);
  return { ...notice, page: "https://deliveries.example.com/" };
}

async function place(t: TestContext, kind: ForgeKind, key = token) {
  const forge = await startForge(t, kind);
  const http = systemHttp({ environment: {}, timeoutMs: 500 });
  t.after(() => http.close());
  const found = findForge("git@forge.example.com:team/shop.git", kind, forge.api);
  const receiver = tellForge(found, { http, token: () => Promise.resolve(key), now: () => nowMs });
  return { forge, receiver };
}

const states: Readonly<Record<ForgeKind, readonly string[]>> = {
  github: ["pending", "success", "failure", "failure", "failure", "error", "error"],
  gitlab: ["pending", "success", "failed", "failed", "failed", "failed", "canceled"],
  gitea: ["pending", "success", "failure", "failure", "failure", "error", "warning"],
};

for (const kind of forgeKinds) {
  test(`${kind} takes every state, as its API documents it, in its own words and lengths`, async (t) => {
    const { forge, receiver } = await place(t, kind);
    const message = `not healthy: ${"the pod is not ready 🚀 ".repeat(30)}`;
    for (const [index, outcome] of outcomes.entries()) {
      const commit = String(index).repeat(40);
      assert.deepEqual(await receiver.tell(told(outcome, message, commit), false, never), { kind: "told" });
    }
    assert.deepEqual(forge.complaints, []);
    assert.deepEqual(
      forge.kept.map(({ state }) => state),
      states[kind],
    );
    for (const status of forge.kept) {
      assert.equal(status.context, "plumbline/staging/shop");
      assert.equal(status.target, "https://deliveries.example.com/");
      assert.match(status.description, /^not healthy: the pod .*…$/u);
      assert.doesNotThrow(() => encodeURIComponent(status.description), "no character is cut in two");
    }
  });

  test(`${kind} is asked what it was told already, and told only what it does not say`, async (t) => {
    const { forge, receiver } = await place(t, kind);
    const healthy = told("healthy", "every object is healthy");
    assert.deepEqual(await receiver.tell(healthy, true, never), { kind: "told" });
    assert.deepEqual(await receiver.tell(healthy, true, never), { kind: "told" });
    assert.deepEqual(await receiver.tell(told("failed", "a pod crashes"), true, never), { kind: "told" });
    assert.deepEqual(forge.complaints, []);
    assert.equal(forge.kept.length, 2);
    assert.deepEqual(
      forge.seen.map((one) => one.split(" ")[0]),
      ["GET", "POST", "GET", "GET", "POST"],
    );
    const pending = told("progressing", "applying", "b".repeat(40));
    assert.deepEqual(await receiver.tell(pending, false, never), { kind: "told" });
    assert.deepEqual(await receiver.tell(pending, false, never), { kind: "told" }, "pending twice is pending");
  });

  test(`${kind}: what passes is tried again, when it says; what does not is not; and no token is repeated`, async (t) => {
    const { forge, receiver } = await place(t, kind);
    await refusals(forge, receiver);
    const stranger = await place(t, kind, "wrong");
    const refused = await stranger.receiver.tell(told("healthy", "x"), false, never);
    assert.equal(refused.kind, "later", "a token is replaced in place, and counts from then on");
    assert.ok(refused.kind === "later" && refused.problem.remedy?.includes("--forge-token"));
    assert.ok(!JSON.stringify(refused).includes(token));
  });
}

async function refusals(forge: ForgeDouble, receiver: Receiver): Promise<void> {
  const after = async (status: number, headers: Readonly<Record<string, string>> = {}) => {
    forge.next({ status, headers, body: `{"message":"says ${token}"}` });
    const answer = await receiver.tell(told("healthy", "x"), false, never);
    assert.ok(!JSON.stringify(answer).includes(token), "what a server answers is not repeated");
    return answer.kind === "later" ? ["later", answer.afterMs] : [answer.kind];
  };
  assert.deepEqual(await after(500), ["later", undefined]);
  assert.deepEqual(await after(502), ["later", undefined]);
  assert.deepEqual(await after(403), ["later", undefined]);
  assert.deepEqual(await after(404), ["later", undefined]);
  assert.deepEqual(await after(422), ["never"]);
  assert.deepEqual(
    await after(301, { location: "https://elsewhere.example.com/" }),
    ["never"],
    "no token goes elsewhere",
  );
  assert.deepEqual(await after(429, { "retry-after": "30" }), ["later", 30_000]);
  assert.deepEqual(await after(503, { "retry-after": "Thu, 01 Jan 2026 00:02:00 GMT" }), ["later", 120_000]);
  const reset = String(nowMs / 1000 + 90);
  assert.deepEqual(await after(403, { "x-ratelimit-remaining": "0", "x-ratelimit-reset": reset }), ["later", 90_000]);
  forge.next("hang");
  const hung = await receiver.tell(told("healthy", "x"), false, never);
  assert.ok(
    hung.kind === "later" && hung.problem.message.includes("no whole answer within 0.5 s"),
    JSON.stringify(hung),
  );
}
