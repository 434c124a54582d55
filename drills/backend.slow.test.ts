import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test, type TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

let built = "";

before(() => {
  built = mkdtempSync(join(tmpdir(), "plumbline-faults-"));
  const root = new URL("../../", import.meta.url).pathname;
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  execFileSync(process.execPath, [compiler, "-p", join(root, "workloads/backend"), "--outDir", built]);
  writeFileSync(join(built, "package.json"), '{"type":"module"}');
});

after(() => rmSync(built, { recursive: true, force: true }));

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Readonly<Record<string, unknown>>;
}

interface Backend {
  readonly pid: number;
  readonly get: (path: string, method?: string) => Promise<Answer>;
  readonly end: (signal: NodeJS.Signals) => void;
  readonly ended: Promise<number | null>;
}

/** Starts the backend on a free port, as a pod would, and waits until it listens. */
async function start(t: TestContext, env: Readonly<Record<string, string>> = {}): Promise<Backend> {
  const child = spawn(process.execPath, [join(built, "main.js")], {
    env: { HOST: "127.0.0.1", PORT: "0", DRAIN_SECONDS: "0", PLUMBLINE_COMMIT: "abc", ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit").then(([code]) => code as number | null);
  const agent = new Agent({ keepAlive: true });
  t.after(async () => {
    agent.destroy();
    child.kill("SIGKILL");
    await ended;
  });
  const lines = createInterface(child.stdout);
  const [line] = (await once(lines, "line")) as [string];
  const { port } = JSON.parse(line) as { port: number };
  return {
    pid: child.pid ?? 0,
    get: (path, method = "GET") => ask(agent, port, path, method),
    end: (signal) => child.kill(signal),
    ended,
  };
}

function ask(agent: Agent, port: number, path: string, method: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: "127.0.0.1", port, path, method, agent }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.on("end", () => {
        const body = (text === "" ? {} : JSON.parse(text)) as Answer["body"];
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
      });
    });
    asked.on("error", reject).end();
  });
}

async function until<T>(look: () => Promise<T>, fits: (seen: T) => boolean): Promise<T> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const seen = await look();
    if (fits(seen)) return seen;
    assert.ok(Date.now() < deadline, `still ${JSON.stringify(seen)}`);
    await pause(20);
  }
}

test("the backend says what it is, below /api as well, and refuses the rest in JSON", async (t) => {
  const image = `plumbline.local/backend:v1@sha256:${"1".repeat(64)}`;
  const env = { IMAGE: image, PLUMBLINE_VERSION: "1.2.0", PLUMBLINE_BUILT: "2026-01-02T03:04:05Z", POD_NAME: "p" };
  const { get } = await start(t, { ...env, NODE_NAME: "n", ENVIRONMENT: "staging" });
  const { status, body, headers } = await get("/metadata");
  assert.equal(status, 200);
  assert.match(String(headers["content-type"]), /^application\/json/);
  const { started, ...rest } = body;
  assert.ok(Math.abs(Date.now() - Date.parse(String(started))) < 60_000);
  assert.deepEqual(rest, {
    name: "backend",
    version: "1.2.0",
    commit: "abc",
    image,
    digest: `sha256:${"1".repeat(64)}`,
    built: "2026-01-02T03:04:05Z",
    pod: "p",
    node: "n",
    environment: "staging",
  });
  assert.deepEqual((await get("/api/metadata?x=1")).body, body);
  assert.deepEqual((await get("/healthz")).body, { status: "ok", version: "1.2.0", commit: "abc" });
  assert.equal((await get("/api/readyz")).status, 200);
  const head = await get("/metadata", "HEAD");
  assert.deepEqual([head.status, head.body, head.headers["content-length"]], [200, {}, headers["content-length"]]);
  assert.deepEqual((await get("/nothing")).body, { error: { status: 404, message: "there is nothing at this path" } });
  const post = await get("/metadata", "POST");
  assert.deepEqual([post.status, post.headers["allow"]], [405, "GET, HEAD"]);
});

test("FAULT_NEVER_READY and FAULT_WRONG_COMMIT are seen where probes and checks look", async (t) => {
  const { get } = await start(t, { FAULT_NEVER_READY: "true", FAULT_WRONG_COMMIT: "other" });
  const { status, body } = await get("/readyz");
  assert.equal(status, 503);
  assert.match(String(body["reason"]), /FAULT_NEVER_READY/);
  const health = await get("/healthz");
  assert.deepEqual([health.status, health.body["commit"]], [200, "other"]);
});

test("FAULT_SLOW_START_SECONDS and FAULT_FLAPPING_SECONDS change readiness with time", async (t) => {
  const slow = await start(t, { FAULT_SLOW_START_SECONDS: "1" });
  assert.equal((await slow.get("/readyz")).status, 503);
  await until(
    () => slow.get("/readyz"),
    ({ status }) => status === 200,
  );
  const flapping = await start(t, { FAULT_FLAPPING_SECONDS: "0.3" });
  for (const wanted of [200, 503, 200, 503])
    await until(
      () => flapping.get("/readyz"),
      ({ status }) => status === wanted,
    );
});

test("FAULT_ERROR_SHARE fails that share of the requests, and no probe", async (t) => {
  const { get } = await start(t, { FAULT_ERROR_SHARE: "0.3" });
  let failed = 0;
  for (let count = 0; count < 20; count += 1) {
    if ((await get("/metadata")).status === 500) failed += 1;
    assert.equal((await get("/healthz")).status, 200);
  }
  assert.equal(failed, 6);
});

test("FAULT_MEMORY_MIB_PER_SECOND makes the process grow", async (t) => {
  const { pid } = await start(t, { FAULT_MEMORY_MIB_PER_SECOND: "64" });
  const resident = (): Promise<number> =>
    Promise.resolve(Number(execFileSync("ps", ["-o", "rss=", "-p", String(pid)], { encoding: "utf8" })) / 1024);
  const first = await resident();
  await until(resident, (now) => now > first + 60);
});

test("FAULT_CRASH_AFTER_SECONDS ends it with code 1", async (t) => {
  const { ended } = await start(t, { FAULT_CRASH_AFTER_SECONDS: "0.1" });
  assert.equal(await ended, 1);
});

test("told to stop, it is unready at once, answers everything until it has drained, and exits with 0", async (t) => {
  const { get, end, ended } = await start(t, { DRAIN_SECONDS: "1" });
  let answered = 0;
  let closing = 0;
  const stop = new AbortController();
  // As many clients as never to leave it idle, over connections that they keep.
  const clients = Array.from({ length: 4 }, async () => {
    while (!stop.signal.aborted) {
      const { status, headers } = await get("/metadata");
      assert.equal(status, 200);
      answered += 1;
      if (headers["connection"] === "close") closing += 1;
      await pause(5);
    }
  });
  await until(
    async () => answered,
    (count) => count > 50,
  );
  const before = answered;
  end("SIGTERM");
  await until(
    () => get("/readyz"),
    ({ status }) => status === 503,
  );
  await until(
    async () => closing,
    (count) => count > 50,
  );
  stop.abort();
  await Promise.all(clients);
  assert.ok(answered > before);
  assert.equal(await ended, 0);
});

test("a setting that makes no sense ends it with its name", () => {
  for (const [name, value] of [
    ["PORT", "http"],
    ["FAULT_ERROR_SHARE", "2"],
    ["FAULT_NEVER_READY", "yes"],
  ] as const) {
    assert.throws(
      () => execFileSync(process.execPath, [join(built, "main.js")], { env: { [name]: value }, encoding: "utf8" }),
      (error: { status?: number; stdout?: string }) => error.status === 1 && (error.stdout ?? "").includes(`${name}: `),
    );
  }
});
