import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { listenForWebhooks } from "./listener.ts";

const secret = "0123456789abcdef0123456789abcdef";

interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** A listener on a clock of the test's own, and how requests to it end. */
async function start(t: TestContext, follows = true) {
  const folder = mkdtempSync(join(tmpdir(), "plumb-webhook-"));
  const secretFile = join(folder, "secret");
  writeFileSync(secretFile, `${secret}\n`);
  let now = 0;
  let pushes = 0;
  const listener = await listenForWebhooks({
    host: "127.0.0.1",
    port: 0,
    secretFile,
    clock: { now: () => now, at: () => () => undefined },
    onPush: () => {
      pushes += 1;
      return follows;
    },
  });
  t.after(async () => {
    await listener.stop();
    rmSync(folder, { recursive: true });
  });
  const send = ({ method = "POST", path = "/webhook", headers = {}, body = "{}" }: Sent) =>
    new Promise<{ readonly status: number; readonly text: string }>((resolve, reject) => {
      const sent = request({ host: "127.0.0.1", port: listener.port, method, path, headers }, (response) => {
        let text = "";
        response.on("data", (piece) => (text += String(piece)));
        response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
        response.on("error", reject);
      });
      sent.on("error", reject);
      sent.end(body);
    });
  const status = async (sent: Sent): Promise<number> => (await send(sent)).status;
  return { send, status, secretFile, pushes: () => pushes, later: (ms: number) => (now += ms) };
}

const hmac = (body: string | Buffer, key = secret): string => createHmac("sha256", key).update(body).digest("hex");

test("each forge is understood, and each forgery refused (behaviour G5)", async (t) => {
  const { status, pushes } = await start(t);
  const body = '{"ref":"refs/heads/main"}';
  const signed: Sent[] = [
    { body, headers: { "x-hub-signature-256": `sha256=${hmac(body)}`, "x-github-event": "push" } },
    { body, headers: { "x-gitea-signature": hmac(body) } },
    { body, headers: { "x-forgejo-signature": hmac(body) } },
    { body, headers: { "x-gitlab-token": secret, "x-gitlab-event": "Push Hook" } },
    { body, headers: { "x-plumbline-signature": `sha256=${hmac(body)}` } },
  ];
  for (const one of signed) assert.equal(await status(one), 202, JSON.stringify(one.headers));
  assert.equal(pushes(), signed.length);
  const forged: Sent[] = [
    { body },
    { body: `${body} `, headers: { "x-hub-signature-256": `sha256=${hmac(body)}` } },
    { body, headers: { "x-hub-signature-256": `sha256=${hmac(body, "another secret of some length")}` } },
    { body, headers: { "x-hub-signature-256": `sha1=${hmac(body)}` } },
    { body, headers: { "x-gitea-signature": "" } },
    { body, headers: { "x-gitlab-token": secret.slice(0, -1) } },
    { body, headers: { "x-gitlab-token": "" } },
    // A wrong signature is not made good by something else.
    { body, headers: { "x-hub-signature-256": "sha256=00", "x-gitlab-token": secret } },
  ];
  for (const one of forged) assert.equal(await status(one), 401, JSON.stringify(one.headers));
  assert.equal(pushes(), signed.length);
});

test("only POST on one path is answered, and nothing else is said", async (t) => {
  const { send, pushes } = await start(t);
  const headers = { "x-gitlab-token": secret };
  for (const method of ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"]) {
    assert.deepEqual(await send({ method, headers, body: "" }), { status: 405, text: "" }, method);
  }
  for (const path of ["/", "/webhook/", "/webhooks", "/%77ebhook", "/status.json", "/metrics"]) {
    assert.deepEqual(await send({ path, headers }), { status: 404, text: "" }, path);
  }
  assert.deepEqual(await send({ path: "/webhook?from=forge", headers }), { status: 202, text: "" });
  assert.equal(pushes(), 1);
});

test("a body has a bound, told or not", async (t) => {
  const { status, pushes } = await start(t);
  const most = Buffer.alloc(1024 * 1024, 97);
  assert.equal(await status({ body: most, headers: { "x-gitea-signature": hmac(most) } }), 202);
  const more = Buffer.concat([most, Buffer.from("a")]);
  const tooLong = async (headers: Readonly<Record<string, string>>): Promise<number> =>
    // The listener does not wait for the rest: whoever still sends may meet a closed connection before the answer.
    status({ body: more, headers: { ...headers, "x-gitea-signature": hmac(more) } }).catch(() => 413);
  assert.equal(await tooLong({}), 413);
  assert.equal(await tooLong({ "transfer-encoding": "chunked" }), 413);
  assert.equal(pushes(), 1);
});

test("a flood is turned away, and what comes after it is heard", async (t) => {
  const { status, pushes, later } = await start(t);
  const headers = { "x-gitlab-token": secret };
  const answers = await Promise.all(Array.from({ length: 60 }, () => status({ headers })));
  assert.equal(answers.filter((one) => one === 202).length, 30);
  assert.equal(answers.filter((one) => one === 429).length, 30);
  later(2000);
  assert.deepEqual([await status({ headers }), await status({ headers }), await status({ headers })], [202, 202, 429]);
  assert.equal(pushes(), 32);
});

test("a secret that is replaced counts at once, and without one nothing is let in", async (t) => {
  const { status, secretFile } = await start(t);
  const next = "another secret of some length";
  writeFileSync(secretFile, next);
  assert.equal(await status({ headers: { "x-gitlab-token": secret } }), 401);
  assert.equal(await status({ headers: { "x-gitlab-token": next } }), 202);
  writeFileSync(secretFile, "");
  assert.equal(await status({ headers: { "x-gitlab-token": "" } }), 500);
  const options = {
    host: "127.0.0.1",
    port: 0,
    clock: { now: () => 0, at: () => () => undefined },
    onPush: () => true,
  };
  await assert.rejects(listenForWebhooks({ ...options, secretFile }), /at least 16 characters/);
});

test("an engine that stands by says so, so that the forge tries again", async (t) => {
  const { status } = await start(t, false);
  assert.equal(await status({ headers: { "x-gitlab-token": secret } }), 503);
});
