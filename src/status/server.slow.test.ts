import assert from "node:assert/strict";
import { once } from "node:events";
import { request as httpRequest } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import { connect } from "node:net";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { systemClock } from "../io/clock/clock.ts";
import { ProblemError } from "../model/problem.ts";
import type { StatusDocument } from "../model/status-document.ts";
import { statusDocument } from "./document.ts";
import { sampleSource } from "./sample-source-in-test.ts";
import { serveStatus } from "./server.ts";
import type { StatusServer } from "./server.ts";

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

interface Running extends StatusServer {
  /** What the server shows from now on. */
  show(commit: string): void;
  ask(path: string, options?: { method?: string; headers?: { [name: string]: string } }): Promise<Answer>;
}

const large = "2".repeat(9000);

/** A server on a free port whose document says another time at each look, as the engine's does. */
async function start(t: TestContext, { ready = true } = {}): Promise<Running> {
  let commit = "c1";
  let looks = 0;
  const current = (): StatusDocument => {
    looks += 1;
    const repository = { url: "/srv/shop.git", branch: "main", reachable: true, commit };
    return statusDocument(sampleSource({ repository }), looks * 1000);
  };
  const server = await serveStatus({
    host: "127.0.0.1",
    port: 0,
    clock: systemClock,
    assets: new Map([
      ["index.html", Buffer.from("<h1>page</h1>")],
      ["app.js", Buffer.from("1")],
      ["large.js", Buffer.from(large)],
    ]),
    current,
    metrics: () => "up 1\n",
    ready: () => ready,
  });
  t.after(() => server.stop());
  const ask: Running["ask"] = (path, { method = "GET", headers = {} } = {}) =>
    new Promise((resolve, reject) => {
      const sent = httpRequest({ host: "127.0.0.1", port: server.port, path, method, headers, agent: false }, (got) => {
        let body = "";
        got.setEncoding("utf8").on("data", (text: string) => (body += text));
        got.once("end", () => {
          resolve({ status: got.statusCode ?? 0, headers: got.headers, body });
        });
      });
      sent.once("error", reject).end();
    });
  const show = (next: string): void => {
    commit = next;
    server.changed();
  };
  return { ...server, show, ask };
}

/** Follows the event stream; `next` resolves with each document in turn, `ended` when the server closes it. */
function follow(port: number): { next(): Promise<StatusDocument>; readonly ended: Promise<unknown> } {
  const documents: StatusDocument[] = [];
  const waiting: ((document: StatusDocument) => void)[] = [];
  const sent = httpRequest({ host: "127.0.0.1", port, path: "/status/events", agent: false });
  const ended = new Promise((resolve) => {
    sent.once("error", resolve);
    sent.once("response", (got) => {
      let text = "";
      got.once("close", resolve).once("error", resolve);
      got.setEncoding("utf8").on("data", (more: string) => {
        const events = (text + more).split("\n\n");
        text = events.pop() ?? "";
        for (const event of events) {
          const data = /^data: (.*)$/m.exec(event)?.[1] ?? assert.fail(event);
          const document = JSON.parse(data) as StatusDocument;
          const taker = waiting.shift();
          if (taker) taker(document);
          else documents.push(document);
        }
      });
    });
  });
  sent.end();
  const next = (): Promise<StatusDocument> => {
    const known = documents.shift();
    return known ? Promise.resolve(known) : new Promise((resolve) => waiting.push(resolve));
  };
  return { next, ended };
}

test("only GET and HEAD are answered, and the refusal says so (G5)", async (t) => {
  const server = await start(t);
  for (const method of ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"]) {
    const { status, headers } = await server.ask("/status.json", { method });
    assert.equal(status, 405, method);
    assert.equal(headers.allow, "GET, HEAD");
  }
  const [got, head] = [await server.ask("/app.js"), await server.ask("/app.js", { method: "HEAD" })];
  assert.equal(got.body, "1");
  assert.equal(head.body, "");
  assert.equal(head.headers["content-length"], "1");
  assert.equal(head.headers.etag, got.headers.etag);
});

test("page, document, metrics and probes are served with strict headers", async (t) => {
  const server = await start(t);
  const expected = [
    ["/", "text/html; charset=utf-8", "<h1>page</h1>"],
    ["/?later=1", "text/html; charset=utf-8", "<h1>page</h1>"],
    ["/app.js", "text/javascript; charset=utf-8", "1"],
    ["/metrics", "text/plain; version=0.0.4; charset=utf-8", "up 1\n"],
    ["/healthz", "text/plain; charset=utf-8", "ok\n"],
    ["/readyz", "text/plain; charset=utf-8", "ok\n"],
  ] as const;
  for (const [path, type, body] of expected) {
    const answer = await server.ask(path);
    assert.deepEqual([answer.status, answer.headers["content-type"], answer.body], [200, type, body], path);
    assert.match(String(answer.headers["content-security-policy"]), /^default-src 'none'/);
    assert.equal(answer.headers["x-content-type-options"], "nosniff");
  }
  const document = JSON.parse((await server.ask("/status.json")).body) as StatusDocument;
  assert.equal(document.repository.commit, "c1");
});

test("an engine that has not read the repository yet is alive and not ready", async (t) => {
  const server = await start(t, { ready: false });
  assert.equal((await server.ask("/healthz")).status, 200);
  assert.equal((await server.ask("/readyz")).status, 503);
});

test("the document keeps its tag while nothing happens, though each answer says another time", async (t) => {
  const server = await start(t);
  const first = await server.ask("/status.json");
  const tag = first.headers.etag ?? assert.fail("it has a tag");
  for (const known of [tag, `"other", ${tag}`, tag.replace("W/", "")]) {
    server.show("c1");
    const again = await server.ask("/status.json", { headers: { "if-none-match": known } });
    assert.deepEqual([again.status, again.body, again.headers.etag], [304, "", tag], known);
  }
  server.show("c2");
  const changed = await server.ask("/status.json", { headers: { "if-none-match": tag } });
  assert.equal(changed.status, 200);
  assert.notEqual(changed.headers.etag, tag);
});

test("who watches gets the document at once, and again when it has changed", async (t) => {
  const server = await start(t);
  const [one, other] = [follow(server.port), follow(server.port)];
  assert.equal((await one.next()).repository.commit, "c1");
  assert.equal((await other.next()).repository.commit, "c1");
  server.show("c2");
  server.show("c3");
  assert.equal((await one.next()).repository.commit, "c3");
  assert.equal((await other.next()).repository.commit, "c3");
});

test("hostile paths find nothing", async (t) => {
  const server = await start(t);
  const paths = [
    "/../package.json",
    "/%2e%2e/package.json",
    "//app.js",
    "/app.js/",
    "/./app.js",
    "/constructor",
    "/\\..\\x",
  ];
  for (const path of [...paths, "http://elsewhere/status.json", "/status.json/", "/%00", "/index.html%00.js"]) {
    assert.equal((await server.ask(path)).status, 404, path);
  }
});

test("on loopback only loopback's names are served, so that no web page can point its own name here", async (t) => {
  const server = await start(t);
  const asked = async (host: string): Promise<number> =>
    (await server.ask("/status.json", { headers: { host } })).status;
  for (const host of ["127.0.0.1", `localhost:${server.port}`, "LOCALHOST", "[::1]:80"])
    assert.equal(await asked(host), 200, host);
  for (const host of ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80"]) {
    assert.equal(await asked(host), 421, host);
  }
});

test("a port that is in use, or none, is a problem that names it and the remedy", async (t) => {
  const { port } = await start(t);
  const options = { host: "127.0.0.1", clock: systemClock, assets: new Map(), metrics: () => "", ready: () => true };
  const current = (): StatusDocument => statusDocument(sampleSource({}), 0);
  const problemAt = async (at: number): Promise<string> => {
    const error: unknown = await serveStatus({ ...options, port: at, current }).catch((caught: unknown) => caught);
    assert.ok(error instanceof ProblemError);
    assert.match(error.problem.remedy ?? "", /--port/);
    return `${error.problem.code}: ${error.problem.message}`;
  };
  assert.equal(await problemAt(port), `port-in-use: port ${port} of 127.0.0.1 is in use`);
  assert.equal(await problemAt(70_000), "not-a-port: 70000 is not a port");
  assert.equal(await problemAt(Number.NaN), "not-a-port: NaN is not a port");
});

test("stopping closes every connection, those of viewers and of half a request too", async (t) => {
  const server = await start(t);
  const viewer = follow(server.port);
  await viewer.next();
  const half = connect(server.port, "127.0.0.1");
  await once(half, "connect");
  half.write("GET / HTTP/1.1\r\n");
  half.on("error", () => undefined);
  const halfClosed = once(half, "close");
  await server.ask("/healthz");
  await server.stop();
  await viewer.ended;
  await halfClosed;
  await assert.rejects(server.ask("/healthz"), { code: "ECONNREFUSED" });
  server.changed();
  await server.stop();
});

test("what is large is packed for who takes that, and its tag stands for it either way", async (t) => {
  const server = await start(t);
  const url = `http://127.0.0.1:${server.port}/large.js`;
  const packed = await fetch(url);
  assert.deepEqual([packed.headers.get("content-encoding"), packed.headers.get("vary")], ["gzip", "accept-encoding"]);
  assert.ok(Number(packed.headers.get("content-length")) < 500);
  assert.equal(await packed.text(), large);
  for (const accepted of ["identity", "gzip;q=0", "br, gzip; q=0.0"]) {
    const plain = await server.ask("/large.js", { headers: { "accept-encoding": accepted } });
    assert.deepEqual([plain.headers["content-encoding"], plain.body], [undefined, large], accepted);
  }
  const plain = await server.ask("/large.js");
  for (const tag of [plain.headers.etag, packed.headers.get("etag")]) {
    const again = await fetch(url, { headers: { "if-none-match": tag ?? "" } });
    assert.equal(again.status, 304);
  }
  const small = await fetch(`http://127.0.0.1:${server.port}/app.js`);
  assert.deepEqual([small.headers.get("content-encoding"), await small.text()], [null, "1"]);
});
