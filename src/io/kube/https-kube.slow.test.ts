import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { systemClock } from "../clock/clock.ts";
import { fixedCredentials } from "./credentials.ts";
import { HttpsKube } from "./https-kube.ts";
import type { HttpsKubeOptions } from "./https-kube.ts";
import type { KubeResource, WatchMessage } from "./kube.ts";

const configMaps: KubeResource = {
  group: "",
  version: "v1",
  kind: "ConfigMap",
  resource: "configmaps",
  namespaced: true,
};
const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a", namespace: "shop" } };

/** A server that answers each request by the next of the given answers; the last one stays. */
async function scripted(
  t: TestContext,
  answers: readonly ((request: IncomingMessage, response: ServerResponse) => void)[],
  options: Partial<HttpsKubeOptions> = {},
) {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    answers[Math.min(seen.length, answers.length) - 1]?.(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const access = {
    server: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    namespace: "default",
    credentials: fixedCredentials({ authorization: "Bearer t" }),
  };
  const kube = new HttpsKube({ access, clock: systemClock, random: () => 0, ...options });
  t.after(() => {
    kube.close();
    server.closeAllConnections();
    server.close();
  });
  return { kube, seen, server };
}

function answer(code: number, body: unknown, headers: Record<string, string> = {}) {
  return (_request: IncomingMessage, response: ServerResponse) => {
    response.writeHead(code, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify(body));
  };
}
const hangUp = (request: IncomingMessage) => request.socket.destroy();
const status = (code: number, reason: string, rest = {}) => ({
  kind: "Status",
  code,
  reason,
  message: reason,
  ...rest,
});

/** Collects what a watch says until `enough` holds. */
function watched(kube: HttpsKube, enough: (messages: readonly WatchMessage[]) => boolean) {
  const messages: WatchMessage[] = [];
  const ended = new AbortController();
  return new Promise<readonly WatchMessage[]>((resolve) => {
    kube.watch(
      { resource: configMaps, namespace: "shop", labelSelector: "a=b" },
      (message) => {
        messages.push(message);
        if (!enough(messages)) return;
        ended.abort();
        resolve(messages);
      },
      ended.signal,
    );
  });
}
const list = (resourceVersion: string, names: readonly string[] = [], more = {}) =>
  answer(200, {
    kind: "ConfigMapList",
    metadata: { resourceVersion, ...more },
    items: names.map((name) => ({ metadata: { name } })),
  });
const line = (type: string, name: string, resourceVersion: string) =>
  `${JSON.stringify({ type, object: { ...object, metadata: { name, resourceVersion } } })}\n`;

test("apply sends a server-side apply and hands warnings back", async (t) => {
  let body = "";
  let type: string | undefined;
  const { kube, seen } = await scripted(t, [
    (request, response) => {
      type = request.headers["content-type"];
      request.setEncoding("utf8").on("data", (text) => (body += text));
      request.on("end", () =>
        answer(200, object, { warning: '299 - "it is \\"old\\"", 299 - "two"' })(request, response),
      );
    },
  ]);
  const applied = await kube.apply(configMaps, object, { fieldManager: "plumbline", force: true, dryRun: true });
  assert.ok(applied.ok);
  assert.deepEqual(applied.warnings, ['it is "old"', "two"]);
  assert.deepEqual(JSON.parse(body), object);
  assert.equal(type, "application/apply-patch+yaml");
  assert.deepEqual(seen, [
    "PATCH /api/v1/namespaces/shop/configmaps/a?fieldManager=plumbline&force=true&dryRun=All&fieldValidation=Strict",
  ]);
  assert.deepEqual([...kube.requestCounts()], [["PATCH configmaps 200", 1]]);
});

test("a refusal carries reason, causes and message", async (t) => {
  const cause = { reason: "FieldManagerConflict", message: 'conflict with "b"', field: ".data.x" };
  const { kube } = await scripted(t, [answer(409, status(409, "Conflict", { details: { causes: [cause] } }))]);
  const refused = await kube.apply(configMaps, object, { fieldManager: "plumbline", force: false, dryRun: false });
  assert.ok(!refused.ok);
  assert.deepEqual([refused.refusal.code, refused.refusal.reason, refused.refusal.causes], [409, "Conflict", [cause]]);
});

test("throttled and broken-off requests are sent again, a create that may have been executed is not", async (t) => {
  const throttled = answer(429, status(429, "TooManyRequests", { details: { retryAfterSeconds: 0.01 } }));
  const { kube, seen } = await scripted(t, [
    throttled,
    hangUp,
    answer(200, object),
    hangUp,
    throttled,
    answer(201, object),
  ]);
  assert.ok((await kube.get(configMaps, "shop", "a")).ok);
  assert.equal(seen.length, 3);
  const created = await kube.create(configMaps, object);
  assert.ok(!created.ok && created.refusal.reason === "Unreachable");
  assert.equal(seen.length, 4);
  assert.ok((await kube.create(configMaps, object)).ok);
});

test("a Retry-After beyond the bounds is told and not waited for", async (t) => {
  const { kube, seen } = await scripted(t, [answer(503, status(503, "ServiceUnavailable"), { "retry-after": "60" })]);
  const refused = await kube.get(configMaps, "shop", "a");
  assert.ok(!refused.ok && refused.refusal.retryAfterMs === 60_000);
  assert.equal(seen.length, 1);
});

test("a server that is not there is Unreachable after bounded attempts", async (t) => {
  const { kube, server } = await scripted(t, [hangUp], { attempts: 2 });
  await new Promise((resolve) => server.close(resolve));
  const refused = await kube.get(configMaps, "shop", "a");
  assert.ok(!refused.ok && refused.refusal.code === 0 && refused.refusal.reason === "Unreachable");
  assert.deepEqual([...kube.requestCounts()], [["GET configmaps 0", 2]]);
});

test("a list is read page by page and begun again when the pages are gone", async (t) => {
  const { kube, seen } = await scripted(
    t,
    [
      list("5", ["a"], { continue: "next" }),
      answer(410, status(410, "Expired")),
      list("6", ["a"], { continue: "n2" }),
      list("6", ["b"]),
    ],
    { pageSize: 1 },
  );
  const answered = await kube.list({ resource: configMaps });
  assert.ok(answered.ok);
  assert.deepEqual(
    answered.value.map((item) => `${item.apiVersion} ${item.kind} ${item.metadata.name}`),
    ["v1 ConfigMap a", "v1 ConfigMap b"],
  );
  assert.deepEqual(
    seen.map((path) => path.split("?")[1]),
    ["limit=1", "limit=1&continue=next", "limit=1", "limit=1&continue=n2"],
  );
});

test("a kind is looked up once; one that is not known is asked for again", async (t) => {
  const kinds = (...names: string[]) =>
    answer(200, { resources: names.map((kind) => ({ name: `${kind.toLowerCase()}s`, kind, namespaced: true })) });
  const { kube, seen } = await scripted(t, [kinds("Deployment"), answer(404, {}), kinds("Deployment", "Widget")]);
  const both = await Promise.all([kube.resource("apps/v1", "Deployment"), kube.resource("apps/v1", "Deployment")]);
  assert.ok(both.every((found) => found.ok && found.value?.resource === "deployments"));
  assert.equal(seen.length, 1);
  const missing = await kube.resource("apps/v1", "Widget");
  assert.ok(missing.ok && missing.value === undefined);
  const come = await kube.resource("apps/v1", "Widget");
  assert.ok(come.ok && come.value?.resource === "widgets");
  assert.equal(seen.length, 3);
});

test("a kind that went is looked up again, one whose object is missing is not", async (t) => {
  const widgets = (...names: string[]) =>
    answer(200, { resources: names.map((name) => ({ name, kind: "Widget", namespaced: true })) });
  const { kube, seen } = await scripted(t, [
    widgets("widgets"),
    answer(404, status(404, "NotFound", { details: { name: "w", kind: "widgets" } })),
    (_request, response) => response.writeHead(404).end("404 page not found\n"),
    widgets("gadgets"),
    answer(404, status(404, "NotFound", { message: "the server could not find the requested resource", details: {} })),
    answer(404, {}),
  ]);
  const widget = async () => {
    const found = await kube.resource("example.org/v1", "Widget");
    assert.ok(found.ok);
    return found.value;
  };
  const first = await widget();
  assert.ok(first);
  await kube.get(first, "shop", "w");
  assert.equal((await widget())?.resource, "widgets");
  assert.equal(seen.length, 2, "an object that is missing says nothing about its kind");
  await kube.get(first, "shop", "w");
  assert.equal((await widget())?.resource, "gadgets");
  await kube.list({ resource: first });
  assert.equal(await widget(), undefined);
});

test("a watch reads lines however they are cut, and goes on from the last version after a break", async (t) => {
  const text = line("ADDED", "é", "11") + line("BOOKMARK", "", "20");
  const bytes = Buffer.from(text);
  const cut = bytes.indexOf("é") + 1;
  const { kube, seen } = await scripted(t, [
    list("10", ["old"]),
    (request, response) => {
      response.writeHead(200);
      response.write(bytes.subarray(0, cut), () => {
        response.write(bytes.subarray(cut), () => setImmediate(() => request.socket.destroy()));
      });
    },
    (_request, response) => response.writeHead(200).write(line("DELETED", "é", "21")),
  ]);
  const messages = await watched(kube, (all) => all.some((message) => message.type === "deleted"));
  assert.deepEqual(
    messages.map((message) => message.type),
    ["synced", "changed", "trouble", "resumed", "deleted"],
  );
  assert.ok(messages[1]?.type === "changed" && messages[1].object.metadata.name === "é");
  assert.match(
    seen[1] ?? "",
    /labelSelector=a%3Db&watch=1&allowWatchBookmarks=true&resourceVersion=10&timeoutSeconds=/,
  );
  assert.match(seen[2] ?? "", /resourceVersion=20&/);
});

test("a version that is gone begins again with a whole list, as event or as answer", async (t) => {
  const { kube } = await scripted(t, [
    list("1", ["a"]),
    (_request, response) => {
      response.writeHead(200).end(`${JSON.stringify({ type: "ERROR", object: status(410, "Expired") })}\n`);
    },
    list("50", ["b"]),
    answer(410, status(410, "Expired")),
    list("60", ["c"]),
    (_request, response) => response.writeHead(200).write(line("ADDED", "d", "61")),
  ]);
  const messages = await watched(kube, (all) => all.some((message) => message.type === "changed"));
  assert.deepEqual(
    messages.map((message) =>
      message.type === "synced" ? message.objects.map((item) => item.metadata.name) : message.type,
    ),
    [["a"], ["b"], ["c"], "changed"],
  );
});

test("a connection that says nothing is taken for dead and opened again", async (t) => {
  const silent = (_request: IncomingMessage, response: ServerResponse) => response.writeHead(200).flushHeaders();
  const { kube } = await scripted(
    t,
    [list("1"), silent, (_request, response) => response.writeHead(200).write(line("ADDED", "a", "2"))],
    { silenceMs: 50 },
  );
  const messages = await watched(kube, (all) => all.some((message) => message.type === "changed"));
  const trouble = messages[1];
  assert.ok(trouble?.type === "trouble" && trouble.refusal.message.includes("silent"));
});

test("a watch that goes on where it was cut off says so, also where nothing happens any more", async (t) => {
  const quiet = (_request: IncomingMessage, response: ServerResponse) => response.writeHead(200).flushHeaders();
  const { kube } = await scripted(t, [list("1"), (request) => request.socket.destroy(), quiet]);
  const messages = await watched(kube, (all) => all.some((message) => message.type === "resumed"));
  assert.deepEqual(
    messages.map(({ type }) => type),
    ["synced", "trouble", "resumed"],
  );
});

test("what somebody answers behind the server is bounded in time and length, however slowly it drips (R3, O5)", async (t) => {
  const ends: Promise<void>[] = [];
  const untilEnd = (request: IncomingMessage, then = () => {}): void =>
    void ends.push(new Promise((resolve) => request.socket.once("close", () => resolve(then()))));
  const drip = (request: IncomingMessage, response: ServerResponse) => {
    const timer = setInterval(() => response.write("."), 10);
    untilEnd(request, () => clearInterval(timer));
  };
  const flood = (request: IncomingMessage, response: ServerResponse) => {
    const fill = (): void => {
      while (response.write("x".repeat(64 * 1024)));
      response.once("drain", fill);
    };
    fill();
    untilEnd(request);
  };
  const { kube, seen } = await scripted(t, [drip, (request) => untilEnd(request), flood, answer(200, {})]);
  const bounds = { withinMs: 200, mostBytes: 100_000 };
  const late = { status: 0, body: "no whole answer within 0.2 s", headers: {} };
  assert.deepEqual(await kube.raw("/drip", bounds), late);
  assert.deepEqual(await kube.raw("/hang", bounds), late);
  const flooded = await kube.raw("/flood", { ...bounds, withinMs: 30_000 });
  assert.equal(flooded.status, 200);
  assert.ok(flooded.body.length > 100_000 && flooded.body.length < 300_000, `${flooded.body.length} bytes were read`);
  assert.equal((await kube.raw("/fine", { ...bounds, withinMs: 30_000 })).body, "{}");
  assert.deepEqual(seen, ["GET /drip", "GET /hang", "GET /flood", "GET /fine"], "what is late is not sent again");
  assert.equal(ends.length, 3);
  await Promise.all(ends);
});
