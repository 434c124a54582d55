import assert from "node:assert/strict";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { type IncomingMessage, type ServerResponse, createServer, get } from "node:http";
import { type RequestOptions, request } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { connect } from "node:tls";
import { after, before, test } from "node:test";
import { newIdentity } from "../api/https/identity.ts";
import { type Cluster, startCluster } from "../index.ts";
import { openBrowser } from "../../tools/browser.ts";

let folder: string;
let cluster: Cluster;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "access-test-"));
  cluster = await startCluster({ folder: join(folder, "cluster") });
  const metadata = { name: "web", namespace: "default" };
  const spec = { ports: [{ port: 80 }] };
  await cluster.client.create(
    { group: "", resource: "services" },
    Object.assign({ apiVersion: "v1", kind: "Service", metadata }, { spec }),
  );
});
after(async () => {
  await cluster.stop();
  await rm(folder, { recursive: true, force: true });
});

const paths = [
  ..."/ /api /apis /api/v1 /apis/apps/v1 /version /metrics /healthz /livez/ping /readyz?verbose /openapi/v2 /openapi/v3 /nope".split(
    " ",
  ),
  ..."/openapi/v3/apis/apps/v1 //api/v1/pods /api/v1/../v1/pods /api/v1/pods?watch=1 /api/v1/watch/pods /api/v1/namespaces".split(
    " ",
  ),
  "/api/v1/namespaces/default/configmaps/kube-root-ca.crt",
  "/api/v1/namespaces/default/secrets?limit=1",
  "/api/v1/namespaces/default/pods/p/log?follow=true",
  "/api/v1/namespaces/default/pods/p/proxy/",
  "/api/v1/namespaces/default/pods/p/exec?command=sh",
  "/api/v1/namespaces/default/services/web/proxy/",
  "/apis/apps/v1/namespaces/default/deployments/web/scale",
  "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
  "/apis/example.test/v1/namespaces/default/widgets",
];
const methods = "GET HEAD POST PUT PATCH DELETE OPTIONS PROPFIND".split(" ");

function ask(
  path: string,
  options: RequestOptions = {},
  body?: string,
): Promise<{ answer: IncomingMessage; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(new URL(cluster.url), { path, rejectUnauthorized: false, ...options }, (answer) => {
      text(answer).then((said) => resolve({ answer, body: said }), reject);
    });
    sent.once("error", reject);
    sent.end(body);
  });
}

/** Holds that this request is taken for nobody's, and learns nothing but that. */
async function refused(path: string, options: RequestOptions, body?: string): Promise<void> {
  const what = `${options.method ?? "GET"} ${path} ${JSON.stringify(options.headers ?? {})}`;
  const { answer, body: said } = await ask(path, options, body);
  assert.equal(answer.statusCode, 401, what);
  assert.deepEqual(
    Object.keys(answer.headers).filter((name) => name.startsWith("access-control-")),
    [],
    what,
  );
  if (options.method === "HEAD") return;
  const status = {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: "Unauthorized",
    reason: "Unauthorized",
    code: 401,
  };
  assert.deepEqual(JSON.parse(said), status, what);
}

test("every kind of path and every method is 401 for whoever has no credentials", async () => {
  for (const path of paths) {
    await Promise.all(methods.map((method) => refused(path, { method }, method === "POST" ? "{}" : undefined)));
  }
});

test("wrong credentials are none: tokens, passwords, headers of proxies, a certificate of another authority", async () => {
  const headers: readonly Readonly<Record<string, string>>[] = [
    { authorization: "Bearer" },
    { authorization: "Bearer " },
    { authorization: "Bearer nope" },
    { authorization: "Bearer undefined" },
    { authorization: `Basic ${Buffer.from("kubernetes-admin:").toString("base64")}` },
    { "x-remote-user": "kubernetes-admin", "x-remote-group": "system:masters" },
    { "impersonate-user": "kubernetes-admin", "impersonate-group": "system:masters" },
    { cookie: "token=nope", host: "kubernetes.default.svc", origin: cluster.url, referer: `${cluster.url}/` },
  ];
  for (const each of headers) await refused("/api/v1/namespaces", { headers: each });
  await refused("/api/v1/namespaces?access_token=nope", {});
  const other = await newIdentity(Date.now());
  await refused("/api/v1/namespaces", { cert: other.admin.certificate, key: other.admin.key, agent: false });
});

test("upgrades, preflights and websockets are 401 too, and plain HTTP and CONNECT get no answer of the API", async () => {
  const upgrade = {
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
  };
  const protocol = { "sec-websocket-protocol": "base64url.bearer.authorization.k8s.io.bm9wZQ, v4.channel.k8s.io" };
  for (const path of ["/api/v1/pods?watch=1", "/api/v1/namespaces/default/pods/p/exec?command=sh"]) {
    await refused(path, { headers: { ...upgrade, ...protocol, origin: "https://evil.test" } });
    await refused(path, { method: "POST", headers: { connection: "Upgrade", upgrade: "SPDY/3.1" } });
  }
  const preflight = {
    origin: "https://evil.test",
    "access-control-request-method": "POST",
    "access-control-request-private-network": "true",
  };
  await refused("/api/v1/namespaces/default/pods", { method: "OPTIONS", headers: preflight });

  const { hostname: host, port } = new URL(cluster.url);
  const connected = await new Promise<string>((resolve) => {
    const socket = connect({ host, port: Number(port), rejectUnauthorized: false });
    let said = "";
    socket.on("data", (chunk: Buffer) => (said += chunk.toString())).on("error", () => undefined);
    socket.once("close", () => resolve(said));
    socket.end("CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: 127.0.0.1:22\r\n\r\n");
  });
  assert.doesNotMatch(connected, /^HTTP\/1\.1 2/);
  await assert.rejects(
    new Promise((resolve, reject) => get(`http://127.0.0.1:${port}/api`, resolve).once("error", reject)),
    /hang up|ECONNRESET/,
  );
});

test("the kubeconfig, which holds the credentials, is for its owner's eyes only", async () => {
  assert.equal((await stat(cluster.kubeconfigPath)).mode & 0o777, 0o600);
  assert.equal((await stat(join(folder, "cluster"))).mode & 0o077, 0);
});

/** Everything by which a page reaches for another server; what it could read of it, by the way that it took. */
const page = (url: string): string => `<!doctype html><title>reaching</title><body><script>
const api = ${JSON.stringify(url)};
const maps = api + "/api/v1/namespaces/default/configmaps";
const map = (name) => JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name } });
const tag = (name, attributes) => new Promise((done) => {
  const element = Object.assign(document.createElement(name), attributes);
  element.onload = () => done("loaded");
  element.onerror = () => done(undefined);
  document.body.append(element);
});
const ways = {
  read: async () => (await fetch(maps)).text(),
  version: async () => (await fetch(api + "/version")).text(),
  readWithCookies: async () => (await fetch(maps, { credentials: "include" })).text(),
  readWithToken: async () => (await fetch(maps, { headers: { authorization: "Bearer nope" } })).text(),
  readBlindly: async () => (await fetch(maps, { mode: "no-cors" })).text(),
  write: async () => (await fetch(maps, { method: "POST", body: map("a"), headers: { "content-type": "application/json" } })).text(),
  writeBlindly: async () => (await fetch(maps, { method: "POST", mode: "no-cors", body: map("b") })).text(),
  remove: async () => (await fetch(maps + "/kube-root-ca.crt", { method: "DELETE" })).text(),
  beacon: async () => { navigator.sendBeacon(maps, map("c")); },
  script: () => tag("script", { src: maps }),
  image: () => tag("img", { src: api + "/healthz" }),
  style: () => tag("link", { rel: "stylesheet", href: maps }),
  events: () => new Promise((done) => {
    const source = new EventSource(maps + "?watch=1");
    source.onmessage = source.onopen = () => done("open");
    source.onerror = () => done(undefined);
  }),
  socket: () => new Promise((done) => {
    const socket = new WebSocket(maps.replace("https", "wss") + "?watch=1");
    socket.onopen = socket.onmessage = () => done("open");
    socket.onerror = () => done(undefined);
  }),
  form: () => new Promise((done) => {
    const frame = Object.assign(document.createElement("iframe"), { name: "into" });
    frame.onload = () => { try { done(frame.contentDocument.body.innerText || undefined); } catch { done(undefined); } };
    document.body.append(frame);
    const form = Object.assign(document.createElement("form"), { action: maps, method: "post", target: "into", enctype: "text/plain" });
    const field = Object.assign(document.createElement("input"), { name: map("d") });
    form.append(field);
    document.body.append(form);
    form.submit();
  }),
};
globalThis.reached = (async () => {
  const got = {};
  for (const [name, way] of Object.entries(ways)) {
    const said = await way().catch(() => undefined);
    if (said) got[name] = said;
  }
  return { got, tried: Object.keys(ways).length };
})();
</script>`;

test("a page of another origin in a real browser reads and writes nothing, even where the certificate is accepted", async (t) => {
  const browser = await openBrowser();
  if (typeof browser === "string") {
    t.skip(browser);
    return;
  }
  t.after(() => browser.close());
  const site = createServer((_: IncomingMessage, response: ServerResponse) => {
    response.setHeader("content-type", "text/html").end(page(cluster.url));
  });
  await new Promise<void>((resolve) => site.listen(0, "127.0.0.1", resolve));
  t.after(() => site.close());
  const { port } = site.address() as AddressInfo;
  const configMaps = { group: "", resource: "configmaps" };
  const contents = () =>
    cluster.client
      .list(configMaps)
      .map(({ metadata }) => `${metadata.namespace} ${metadata.name} ${metadata.resourceVersion}`);
  const before = contents();
  for (const ignoreHTTPSErrors of [false, true]) {
    const { page: opened } = await browser.page({ ignoreHTTPSErrors });
    await opened.goto(`http://localhost:${port}/`);
    const { got, tried } = await opened.evaluate<{ readonly got: object; readonly tried: number }>(
      "globalThis.reached",
    );
    assert.deepEqual([got, tried], [{}, 15]);
    if (!ignoreHTTPSErrors) continue;
    // Opened as a page of its own, it tells no more.
    const answer = await opened.goto(`${cluster.url}/api/v1/namespaces`);
    assert.equal(answer?.status(), 401);
  }
  assert.deepEqual(contents(), before);
});
