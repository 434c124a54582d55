import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { Agent, request as send } from "node:https";
import { type Socket, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { connect as connectTls } from "node:tls";
import { type TestContext, after, before, test } from "node:test";
import { KubeConfig } from "@kubernetes/client-node";
import fc from "fast-check";
import { type Cluster, startCluster } from "../index.ts";
import { type FuzzRequest, fuzzRequests } from "./requests-in-test.ts";

/** FUZZ_RUNS and FUZZ_SEED choose a longer or another run than that of the gate. */
const runs = Number(process.env["FUZZ_RUNS"] ?? 5000);
const seed = Number(process.env["FUZZ_SEED"] ?? 34);
/** How many are on their way at once, and how long each may take. */
const lanes = 16;
const limitMs = 60_000;

let folder: string;
let cluster: Cluster;
let agent: Agent;
let token: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "fuzz-test-"));
  cluster = await startCluster({ folder: join(folder, "cluster") });
  const config = new KubeConfig();
  config.loadFromFile(cluster.kubeconfigPath);
  token = config.getCurrentUser()?.token ?? "";
  agent = new Agent({
    keepAlive: true,
    maxSockets: lanes,
    ca: Buffer.from(config.getCurrentCluster()?.caData ?? "", "base64"),
  });
});
after(async () => {
  agent.destroy();
  await cluster.stop();
  await rm(folder, { recursive: true, force: true });
});

interface Answer {
  readonly code: number;
  readonly body: string;
  readonly headers: IncomingMessage["headers"];
}

/** The whole answer, or of one that streams its beginning; rejects when there is none in time. */
function ask({ method, path, headers, body }: FuzzRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(limitMs);
    const authorization = `Bearer ${token}`;
    const length = body && { "content-length": body.length };
    const options = { agent, method, path, signal, headers: { ...headers, ...length, authorization } };
    const sent = send(cluster.url, options, (answer) => {
      const { statusCode: code = 0, headers } = answer;
      const streams = code === 200 && headers["content-length"] === undefined;
      if (streams) answer.destroy();
      (streams ? Promise.resolve("") : text(answer)).then((body) => resolve({ code, body, headers }), reject);
    });
    sent.once("error", reject);
    sent.end(body);
  });
}

/** What is wrong with an answer; undefined when nothing is. */
function fault({ method, path }: FuzzRequest, { code, body, headers }: Answer): string | undefined {
  if (code < 400 || method === "HEAD") return code >= 100 && code < 600 ? undefined : `code ${code}`;
  // As in Kubernetes, what is no path of the API at all has no Status.
  if (code === 404 && body === "404 page not found\n" && !/^\/(api\/v1|apis\/[a-eg-z][^/]*\/v1)\//.test(path))
    return undefined;
  if (headers["content-type"]?.startsWith("application/json") !== true)
    return `${code} of type ${headers["content-type"]}: ${body.slice(0, 100)}`;
  const status = JSON.parse(body) as Readonly<Record<string, unknown>>;
  const isStatus = status["kind"] === "Status" && status["status"] === "Failure" && status["code"] === code;
  return isStatus && typeof status["message"] === "string" ? undefined : `no Status: ${body.slice(0, 200)}`;
}

/** What the server itself takes for a defect it tells whoever runs it: the stacks, as they come. */
function defectsIn(t: TestContext): string[] {
  const defects: string[] = [];
  t.mock.method(console, "error", (error: unknown) => {
    defects.push(error instanceof Error ? (error.stack ?? "") : String(error));
  });
  return defects;
}

const show = ({ method, path, headers, body }: FuzzRequest): string =>
  `${method} ${path.slice(0, 300)} ${JSON.stringify(headers)} ${body?.toString("utf8").slice(0, 600) ?? ""}`;

test(`${runs} random and mutated requests are all answered, refusals by a Status, and the server stays well`, async (t) => {
  t.diagnostic(`FUZZ_SEED=${seed} FUZZ_RUNS=${runs} repeats this`);
  const defects = defectsIn(t);
  const left = fc.sample(fuzzRequests, { numRuns: runs, seed });
  const wrong: string[] = [];
  const codes = new Map<number, number>();
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      for (let request = left.pop(); request; request = left.pop()) {
        const answer = await ask(request).catch((error: unknown) => String(error));
        const why = typeof answer === "string" ? answer : fault(request, answer);
        if (why !== undefined) wrong.push(`${why}\n  ${show(request)}`);
        else if (typeof answer !== "string") codes.set(answer.code, (codes.get(answer.code) ?? 0) + 1);
        for (const defect of defects.splice(0)) wrong.push(`${defect}\n  about here: ${show(request)}`);
      }
    }),
  );
  t.diagnostic(`answers: ${JSON.stringify(Object.fromEntries([...codes].toSorted(([a], [b]) => a - b)))}`);
  assert.equal(wrong.length, 0, `${wrong.length} wrong answers, the first of them:\n${wrong.slice(0, 8).join("\n")}`);
  for (const code of [200, 201, 400, 404, 405, 409, 415, 422]) assert.ok(codes.has(code), `no request got ${code}`);
  const well = await ask({ method: "GET", path: "/readyz", headers: {}, body: undefined });
  assert.deepEqual([well.code, well.body], [200, "ok"]);
});

test("what is no HTTP, or breaks off in the middle, harms nobody else", async (t) => {
  const defects = defectsIn(t);
  const { hostname: host, port } = new URL(cluster.url);
  const pieces = [
    "\0\0\0\0",
    "GET / HTTP/9.9\r\n\r\n",
    "GET /api HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
    "POST /api/v1/namespaces HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
    `GET /${"a".repeat(100_000)} HTTP/1.1\r\nHost: a\r\n\r\n`,
    `GET / HTTP/1.1\r\nHost: a\r\n${"X: y\r\n".repeat(5000)}\r\n`,
    "CONNECT example.test:443 HTTP/1.1\r\nHost: example.test:443\r\n\r\n",
  ];
  const promised = `POST /api/v1/namespaces HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\nContent-Length: 9\r\n\r\n{"a"`;
  const plain = pieces.map((piece) => closed(connect({ host, port: Number(port) }), piece));
  const secure = [...pieces, promised].map((piece) =>
    closed(connectTls({ host, port: Number(port), rejectUnauthorized: false }), piece),
  );
  await Promise.all([...plain, ...secure]);
  assert.deepEqual(defects, []);
  const well = await ask({ method: "GET", path: "/api/v1/namespaces", headers: {}, body: undefined });
  assert.equal(well.code, 200);
});

/** Sends this and no more; settles when the connection is closed, by whichever side. */
function closed(socket: Socket, piece: string): Promise<void> {
  return new Promise((resolve) => {
    socket.on("error", () => undefined);
    socket.once("close", () => resolve());
    socket.resume().end(piece);
  });
}
