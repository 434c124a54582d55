import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { connect as dial } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { test, type TestContext } from "node:test";
import type { Clock } from "../../clock/clock.ts";
import { systemClock } from "../../clock/clock.ts";
import { ProblemError } from "../../../model/problem.ts";
import { systemProcesses } from "../../process/system-processes.ts";
import { blobOf, digestOf, problem, put } from "../registry-contract-in-test.ts";
import type { Registry } from "../registry.ts";
import { networkRegistry, type NetworkRegistryOptions } from "./network-registry.ts";

// What registries may do by the specification and Debian's does not: each server here does that one thing.

type Handler = (request: IncomingMessage, response: ServerResponse, seen: readonly string[]) => void;

/** A server that writes down what it was asked, with the account that was shown. */
async function serve(t: TestContext, handler: Handler) {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    const { method, url, headers } = request;
    seen.push([method, url, headers.authorization].filter(Boolean).join(" "));
    request.resume().on("end", () => handler(request, response, seen));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, seen, server };
}

async function client(t: TestContext, host: string, more: Partial<NetworkRegistryOptions> = {}): Promise<Registry> {
  const folder = await mkdtemp(join(tmpdir(), "plumbline-docker-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const auth = Buffer.from("me:secret").toString("base64");
  await writeFile(join(folder, "config.json"), JSON.stringify({ auths: { [host]: { auth } } }));
  return networkRegistry({
    location: host,
    clock: systemClock,
    random: () => 0,
    processes: systemProcesses,
    attempts: 3,
    backOff: { baseMs: 1, maxMs: 2 },
    ...more,
    environment: { DOCKER_CONFIG: folder, ...more.environment },
  });
}

const account = `Basic ${Buffer.from("me:secret").toString("base64")}`;
const digest = digestOf("elsewhere");

/** Asks for an account first. */
const locked =
  (then: Handler): Handler =>
  (request, response, seen) => {
    if (request.headers.authorization === account) return then(request, response, seen);
    response.writeHead(401, { "www-authenticate": 'Basic realm="x"' }).end();
  };

test("an account is not shown to the store that a registry keeps its blobs in", async (t) => {
  const store = await serve(t, (_, response) => response.end("elsewhere"));
  const registry = await serve(
    t,
    locked((_, response) => response.writeHead(307, { location: `http://${store.host}/signed?x=1` }).end()),
  );
  const opened = await client(t, registry.host);
  assert.equal(await blobOf(opened, `${registry.host}/app`, digest), "elsewhere");
  assert.deepEqual(store.seen, ["GET /signed?x=1"]);
  assert.ok(registry.seen.includes(`GET /v2/app/blobs/${digest} ${account}`));
});

test("nor to the place that uploads are sent to", async (t) => {
  const store = await serve(t, (_, response) => response.writeHead(201).end());
  const registry = await serve(
    t,
    locked(({ method }, response) => {
      if (method === "HEAD") response.writeHead(404).end();
      else response.writeHead(202, { location: `http://${store.host}/up?id=1` }).end();
    }),
  );
  await put(await client(t, registry.host), `${registry.host}/app`, "elsewhere");
  assert.deepEqual(store.seen, [`PUT /up?id=1&digest=${encodeURIComponent(digest)}`]);
});

test("nobody is followed or told an account where all could be read on the way", async (t) => {
  for (const headers of [
    { status: 307, location: "http://store.example.com/blob" },
    { status: 401, "www-authenticate": 'Bearer realm="http://auth.example.com/token"' },
  ]) {
    const { status, ...rest } = headers;
    const registry = await serve(t, (_, response) => response.writeHead(status, rest).end());
    const opened = await client(t, registry.host);
    await assert.rejects(blobOf(opened, `${registry.host}/app`, digest), problem("registry-insecure"));
  }
});

test("Retry-After is heeded by the clock, and what asks for too long is told of at once", async (t) => {
  const waits: number[] = [];
  const clock: Clock = {
    now: () => 0,
    at: (atMs, then) => {
      waits.push(atMs);
      queueMicrotask(then);
      return () => undefined;
    },
  };
  const answers = [
    { status: 429, after: "7" },
    { status: 503, after: new Date(9_000).toUTCString() },
    { status: 404, after: "" },
    { status: 429, after: "3600" },
  ];
  const registry = await serve(t, (request, response) => {
    const next = request.method === "HEAD" ? answers.shift() : undefined;
    response.writeHead(next?.status ?? 200, next?.after ? { "retry-after": next.after } : {}).end();
  });
  const opened = await client(t, registry.host, { clock });
  assert.equal(await opened.hasBlob(`${registry.host}/app`, digest), false);
  assert.deepEqual(waits.map(Math.floor), [7_000, 9_001]);
  await assert.rejects(opened.hasBlob(`${registry.host}/app`, digest), problem("registry-throttled"));
  assert.equal(waits.length, 2);
});

test("a download that breaks off goes on where it was, also where ranges are unknown", async (t) => {
  for (const ranges of [true, false]) {
    const content = "0123456789".repeat(1000);
    const asked: (string | undefined)[] = [];
    const registry = await serve(t, ({ method, url, headers }, response) => {
      if (method !== "GET" || url === "/v2/") return void response.end();
      asked.push(headers.range);
      const from = ranges ? Number(/^bytes=(\d+)-$/.exec(headers.range ?? "")?.[1] ?? 0) : 0;
      const rest = content.slice(from);
      response.writeHead(from > 0 ? 206 : 200, { "content-length": rest.length });
      if (asked.length > 1) return void response.end(rest);
      response.write(rest.slice(0, 4_000), () => response.destroy());
    });
    const opened = await client(t, registry.host);
    assert.equal(await blobOf(opened, `${registry.host}/app`, digestOf(content)), content);
    assert.deepEqual(asked, [undefined, "bytes=4000-"]);
  }
});

test("content that is not what its digest says is refused, as a manifest and as a blob", async (t) => {
  const registry = await serve(t, (_, response) => response.end("something else"));
  const opened = await client(t, registry.host);
  await assert.rejects(blobOf(opened, `${registry.host}/app`, digest), problem("blob-damaged"));
  await assert.rejects(opened.readManifest(`${registry.host}/app`, digest), problem("blob-damaged"));
});

test("an upload goes on from what the registry says it has", async (t) => {
  const bodies: string[] = [];
  const registry = await serve(t, ({ method, headers }, response) => {
    if (method === "HEAD") return void response.writeHead(404).end();
    if (method === "GET") return void response.writeHead(204, { range: "0-2", location: "/up" }).end();
    if (method === "PUT") return void response.writeHead(201).end();
    bodies.push(String(headers["content-range"]));
    if (method === "PATCH" && bodies.length === 2) return void response.destroy();
    response.writeHead(202, { location: "/up" }).end();
  });
  const opened = await client(t, registry.host, { pieceBytes: 5 });
  await opened.putBlob(`${registry.host}/app`, () => Readable.from([Buffer.from("elsewhere")]));
  assert.deepEqual(bodies, ["undefined", "0-4", "3-4", "5-8"]);
});

test("a registry with a list of referrers is asked for it, and no tag stands for it", async (t) => {
  const listed = { mediaType: "m", digest, size: 1, artifactType: "a" };
  const registry = await serve(t, ({ method, url }, response) => {
    if (url?.includes("/referrers/")) response.end(JSON.stringify({ manifests: [{ ...listed, annotations: {} }] }));
    else if (method === "PUT") response.writeHead(201, { "oci-subject": digest }).end();
    else response.writeHead(method === "HEAD" ? 404 : 200).end();
  });
  const opened = await client(t, registry.host);
  const note = Buffer.from(JSON.stringify({ artifactType: "a", subject: { digest } }));
  await opened.putManifest(`${registry.host}/app`, undefined, note, "m");
  assert.deepEqual(await opened.referrers(`${registry.host}/app`, digest), [listed]);
  assert.ok(
    registry.seen.every((line) => !line.includes("sha256-")),
    registry.seen.join("\n"),
  );
});

test("a proxy is gone through, but for what NO_PROXY names", async (t) => {
  const registry = await serve(t, (_, response) => response.end());
  const asked: string[] = [];
  const proxy = await serve(t, (_, response) => response.writeHead(405).end());
  proxy.server.on("connect", (request: IncomingMessage, socket: Socket) => {
    asked.push(request.url ?? "");
    const [, port = ""] = registry.host.split(":");
    const upstream = dial(Number(port), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      upstream.pipe(socket).pipe(upstream);
    });
    upstream.on("error", () => socket.destroy());
    socket.on("error", () => upstream.destroy());
    t.after(() => socket.destroy());
  });
  const name = "registry.invalid:5000";
  const proxies = { https_proxy: `http://${proxy.host}`, http_proxy: `http://${proxy.host}` };
  const through = await client(t, name, { insecure: [name], environment: proxies });
  assert.equal(await through.hasBlob(`${name}/app`, digest), true);
  assert.deepEqual([...new Set(asked)], [name]);
  const past = await client(t, name, { insecure: [name], environment: { ...proxies, no_proxy: "registry.invalid" } });
  await assert.rejects(past.hasBlob(`${name}/app`, digest), problem("registry-unreachable"));
});

test("a token that stands for an account is changed for one of the registry, and shown to nobody else", async (t) => {
  const bodies: string[] = [];
  const tokens = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => (body += text));
    request.on("end", () => {
      bodies.push(`${request.method} ${body}`);
      response.end(JSON.stringify({ access_token: `short-${bodies.length}`, expires_in: 3600 }));
    });
  });
  await new Promise<void>((resolve) => tokens.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    tokens.closeAllConnections();
    tokens.close();
  });
  const realm = `http://127.0.0.1:${(tokens.address() as AddressInfo).port}/token`;
  let valid = "Bearer short-1";
  const registry = await serve(t, (request, response) => {
    const known = request.headers.authorization === valid;
    response.writeHead(known ? 200 : 401, { "www-authenticate": `Bearer realm="${realm}",service="s"` }).end();
  });
  const folder = await mkdtemp(join(tmpdir(), "plumbline-docker-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await writeFile(
    join(folder, "config.json"),
    JSON.stringify({ auths: { [registry.host]: { identitytoken: "long-lived" } } }),
  );
  const opened = await client(t, registry.host, { environment: { DOCKER_CONFIG: folder } });
  const ask = (): Promise<boolean> => opened.hasBlob(`${registry.host}/app`, digest);
  assert.equal(await ask(), true);
  assert.equal(await ask(), true);
  const scope = encodeURIComponent("repository:app:pull");
  const asked = `POST service=s&grant_type=refresh_token&client_id=plumbline&refresh_token=long-lived&scope=${scope}`;
  assert.deepEqual(bodies, [asked]);
  // Taken back before its time: another one is asked for.
  valid = "Bearer short-2";
  assert.equal(await ask(), true);
  assert.deepEqual(bodies, [asked, asked]);
  assert.ok(registry.seen.every((line) => !line.includes("long-lived")));
});

test("a registry that sends on to what is no address is refused in words", async (t) => {
  const registry = await serve(t, (_, response) => response.writeHead(307, { location: "http://[" }).end());
  const opened = await client(t, registry.host);
  await assert.rejects(blobOf(opened, `${registry.host}/app`, digest), /would not give the blob sha256:\w+/);
});

test("a registry that takes an upload to what is no address is refused in words", async (t) => {
  const registry = await serve(t, ({ method }, response) => {
    if (method === "POST") response.writeHead(202, { location: "http://[" }).end();
    else response.writeHead(404).end();
  });
  const opened = await client(t, registry.host);
  await assert.rejects(put(opened, `${registry.host}/app`, "blob"), ProblemError);
});
