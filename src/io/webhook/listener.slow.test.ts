import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { listenForWebhooks } from "./listener.ts";
import { passOn } from "./pass-on.ts";

const secret = "0123456789abcdef0123456789abcdef";

interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** The address that it is sent from. */
  readonly from?: string;
}

/** A listener on a clock of the test's own, and how requests to it end. */
async function start(t: TestContext, follows = true) {
  const folder = mkdtempSync(join(tmpdir(), "plumb-webhook-"));
  const secretFile = join(folder, "secret");
  writeFileSync(secretFile, `${secret}\n`);
  let now = 0;
  let pushes = 0;
  let passedOn = 0;
  const listener = await listenForWebhooks({
    host: "127.0.0.1",
    port: 0,
    secretFile,
    clock: { now: () => now, at: () => () => undefined },
    onPush: (isPassedOn) => {
      pushes += 1;
      if (isPassedOn) passedOn += 1;
      return follows;
    },
  });
  t.after(async () => {
    await listener.stop();
    rmSync(folder, { recursive: true });
  });
  const send = ({ method = "POST", path = "/webhook", headers = {}, body = "{}", from = "127.0.0.1" }: Sent) =>
    new Promise<{ readonly status: number; readonly text: string }>((resolve, reject) => {
      const sent = request(
        { host: "127.0.0.1", localAddress: from, port: listener.port, method, path, headers },
        (response) => {
          let text = "";
          response.on("data", (piece) => (text += String(piece)));
          response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
          response.on("error", reject);
        },
      );
      sent.on("error", reject);
      sent.end(body);
    });
  const status = async (sent: Sent): Promise<number> => (await send(sent)).status;
  return {
    send,
    status,
    port: listener.port,
    secretFile,
    pushes: () => pushes,
    passedOn: () => passedOn,
    later: (ms: number) => (now += ms),
  };
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

test("a flood of true pushes is turned away, and what comes after it is heard", async (t) => {
  const { status, pushes, later } = await start(t);
  const headers = { "x-gitlab-token": secret };
  const answers: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    answers.push(...(await Promise.all(Array.from({ length: 20 }, () => status({ headers })))));
  }
  assert.equal(answers.filter((one) => one === 202).length, 30);
  assert.equal(answers.filter((one) => one === 429).length, 30);
  later(2000);
  assert.deepEqual([await status({ headers }), await status({ headers }), await status({ headers })], [202, 202, 429]);
  assert.equal(pushes(), 32);
});

test("who sends forgeries is turned away, and keeps no other address out (behaviour G5)", async (t) => {
  const { status, pushes, later } = await start(t);
  const [forge, stranger] = ["127.0.0.1", "127.0.0.2"];
  const forged = { headers: { "x-gitlab-token": "a guess of sixteen" }, from: stranger };
  const answers: number[] = [];
  for (let round = 0; round < 40; round += 1) answers.push(await status(forged));
  assert.deepEqual(answers, [...Array<number>(31).fill(401), ...Array<number>(9).fill(429)]);
  assert.equal(await status({ headers: { "x-gitlab-token": secret }, from: forge }), 202);
  assert.equal(await status({ headers: { "x-gitlab-token": secret }, from: stranger }), 429, "not even looked at");
  later(2000);
  assert.equal(await status({ headers: { "x-gitlab-token": secret }, from: stranger }), 202);

  // Behind a proxy all have one address: once the forge was heard there, nobody's forgeries keep it out.
  for (let round = 0; round < 60; round += 1) assert.equal(await status(forged), 401);
  later(5000);
  assert.equal(await status({ headers: { "x-gitlab-token": secret }, from: stranger }), 202);
  assert.equal(pushes(), 3);
});

test("one address cannot hold all connections", async (t) => {
  const { port, status } = await start(t);
  const held: Socket[] = [];
  t.after(() => {
    for (const socket of held) socket.destroy();
  });
  const ends: Promise<unknown>[] = [];
  for (let count = 0; count < 60; count += 1) {
    const socket = connect({ host: "127.0.0.1", port, localAddress: "127.0.0.2" });
    socket.on("error", () => undefined);
    held.push(socket);
    ends.push(new Promise((resolve) => socket.once("close", resolve)));
  }
  await Promise.any(ends.slice(30));
  assert.equal(await status({ headers: { "x-gitlab-token": secret } }), 202);
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

test("an engine that nobody leads says so, so that the forge tries again", async (t) => {
  const { status } = await start(t, false);
  assert.equal(await status({ headers: { "x-gitlab-token": secret } }), 503);
});

test("an engine passes a push on as one of its own, and the one that hears it knows that it was passed on", async (t) => {
  const { port, secretFile, pushes, passedOn, status } = await start(t);
  assert.equal(await passOn(`http://127.0.0.1:${port}/webhook`, secretFile), true);
  assert.deepEqual([pushes(), passedOn()], [1, 1]);
  assert.equal(await status({ headers: { "x-gitlab-token": secret } }), 202);
  assert.deepEqual([pushes(), passedOn()], [2, 1]);
  const other = `${secretFile}-of-another`;
  writeFileSync(other, "some other secret that is long enough");
  assert.equal(await passOn(`http://127.0.0.1:${port}/webhook`, other), false);
  assert.equal(await passOn("http://127.0.0.1:1/webhook", secretFile), false);
});
