import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer, request } from "node:http";
import type { IncomingHttpHeaders, Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { systemClock } from "../io/clock/clock.ts";
import { exampleDocument } from "./example-documents-in-test.ts";
import { serveStatus } from "./server.ts";

const entry = join(import.meta.dirname, "../../../workloads/frontend/dist/server.js");

test("the workload serves the page with strict headers, and nothing but what the page consists of", async (t) => {
  const { port } = await start(t);
  const page = await ask(port, "/");
  assert.equal(page.status, 200);
  assert.match(page.body, /<title>Plumbline<\/title>/);
  assert.match(String(page.headers["content-security-policy"]), /^default-src 'none'; script-src 'self'/);
  assert.equal((await ask(port, "/app.css", "HEAD")).body, "");
  assert.equal((await ask(port, "/app.js", "GET", { "if-none-match": await tagOf(port, "/app.js") })).status, 304);
  for (const path of ["/server.js", "/server/proxy.js", "/../package.json", "/%2e%2e/package.json", "//etc/passwd"]) {
    assert.equal((await ask(port, path)).status, 404, path);
  }
  const refused = await ask(port, "/", "POST");
  assert.deepEqual([refused.status, refused.headers.allow], [405, "GET, HEAD"]);
  assert.equal((await ask(port, "/healthz")).status, 200);
  assert.equal((await ask(port, "/readyz")).status, 200);
});

test("without an engine it offers the backend alone; with one it passes on the document and says when it is gone", async (t) => {
  const alone = await start(t);
  assert.equal((await ask(alone.port, "/origin.js")).body, 'export const origin = {"backend":true};\n');
  assert.equal((await ask(alone.port, "/status.json")).status, 404);

  const current = exampleDocument("held", 1_800_000_000_000);
  const engine = await serveStatus({
    clock: systemClock,
    host: "127.0.0.1",
    port: 0,
    assets: new Map(),
    current: () => current,
    metrics: () => "",
    ready: () => true,
  });
  const { port } = await start(t, { STATUS_URL: `http://127.0.0.1:${engine.port}/` });
  const answer = await ask(port, "/status.json");
  assert.deepEqual(JSON.parse(answer.body), current);
  assert.match(String(answer.headers["content-security-policy"]), /default-src 'none'/);
  assert.equal((await ask(port, "/metrics")).status, 404, "only the status goes through");
  await engine.stop();
  assert.equal((await ask(port, "/status.json")).status, 502);
});

test("asked to end, it answers until its drain is over, loses no request, and leaves with exit code 0", async (t) => {
  const { port, child } = await start(t, { DRAIN_SECONDS: "0.5" });
  const ended = once(child, "exit") as Promise<[number | null, string | null]>;
  child.kill("SIGTERM");
  await until(async () => (await ask(port, "/readyz")).status === 503);
  const answer = await ask(port, "/");
  assert.deepEqual([answer.status, answer.headers.connection], [200, "close"]);
  assert.deepEqual(await ended, [0, null]);
});

async function start(t: TestContext, env: Readonly<Record<string, string>> = {}) {
  const port = await freePort();
  const child: ChildProcess = spawn(process.execPath, [entry], {
    env: { ...process.env, HOST: "127.0.0.1", PORT: String(port), DRAIN_SECONDS: "0", ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  if (child.stdout) await once(child.stdout, "data");
  return { port, child };
}

async function freePort(): Promise<number> {
  const server: Server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Sends the path as it is, where fetch would tidy it. */
function ask(port: number, path: string, method = "GET", headers = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: "127.0.0.1", port, path, method, headers, agent: false }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => {
        body += text;
      });
      response.on("end", () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
      });
    });
    asked.on("error", reject).end();
  });
}

async function tagOf(port: number, path: string): Promise<string> {
  return String((await ask(port, path)).headers.etag);
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds()));
}
