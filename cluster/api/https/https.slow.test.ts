import assert from "node:assert/strict";
import { stat } from "node:fs/promises";
import { Agent, get } from "node:https";
import { type TestContext, test } from "node:test";
import type { TLSSocket } from "node:tls";
import { startTestServer, type TestServer } from "../server-in-test.ts";

const configMaps = "/api/v1/namespaces/default/configmaps";
const deployments = "/apis/apps/v1/namespaces/default/deployments";

function configMap(name: string, data: Record<string, string> = {}, labels?: Record<string, string>): object {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, ...(labels ? { labels } : {}) }, data };
}

function deployment(name: string, spec: object = {}): object {
  const template = { metadata: { labels: { app: name } }, spec: { containers: [{ name: "web", image: "web:v1" }] } };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name },
    spec: { selector: { matchLabels: { app: name } }, template, ...spec },
  };
}

/** The events of a watch that ends by itself after a second. */
async function watched(server: TestServer, path: string, meanwhile?: () => Promise<void>): Promise<readonly string[]> {
  const answer = server.call("GET", `${path}${path.includes("?") ? "&" : "?"}watch=1&timeoutSeconds=1`);
  await meanwhile?.();
  const lines = (await answer).text.split("\n").filter((line) => line !== "");
  return lines.map((line) => {
    const { type, object } = JSON.parse(line) as {
      type: string;
      object: { code?: number; metadata: { name?: string } };
    };
    return `${type} ${object.metadata.name ?? object.code ?? ""}`.trim();
  });
}

test("whoever does not prove who he is gets 401 and nothing else", async (t: TestContext) => {
  const { call, kubeconfig } = await startTestServer(t);
  for (const path of ["/", "/healthz", "/version", "/api/v1/secrets"]) {
    const { status, body } = await call("GET", path, { headers: { authorization: "Bearer wrong" } });
    assert.deepEqual([status, body.kind, body.reason], [401, "Status", "Unauthorized"], path);
  }
  assert.equal((await stat(kubeconfig)).mode & 0o777, 0o600);
});

test("a resumed TLS session proves nothing", async (t: TestContext) => {
  const { url } = await startTestServer(t);
  // Keeps no connection, but the session of the last one.
  const agent = new Agent({ rejectUnauthorized: false });
  for (const isResumed of [false, true]) {
    const answer = await new Promise<{ readonly status: number | undefined; readonly isResumed: boolean }>(
      (resolve) => {
        get(`${url}/api/v1/secrets`, { agent }, (response) => {
          const socket = response.socket as TLSSocket;
          response
            .resume()
            .once("end", () => resolve({ status: response.statusCode, isResumed: socket.isSessionReused() }));
        });
      },
    );
    assert.deepEqual(answer, { status: 401, isResumed });
  }
});

test("an object is created, read, replaced and deleted with Kubernetes' answers", async (t: TestContext) => {
  const { call } = await startTestServer(t);
  const made = await call("POST", configMaps, {
    body: configMap("a", { k: "v" }),
    headers: { "user-agent": "tool/1" },
  });
  assert.equal(made.status, 201);
  assert.deepEqual(made.body.metadata.managedFields[0].fieldsV1, { "f:data": { ".": {}, "f:k": {} } });
  assert.equal(made.body.metadata.managedFields[0].manager, "tool");
  const stale = { ...made.body, data: { k: "2" } };
  assert.equal((await call("PUT", `${configMaps}/a`, { body: stale })).status, 200);
  const conflict = await call("PUT", `${configMaps}/a`, { body: { ...stale, data: {} } });
  assert.deepEqual(conflict.body, {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message:
      'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again',
    reason: "Conflict",
    details: { name: "a", kind: "configmaps" },
    code: 409,
  });
  const gone = await call("DELETE", `${configMaps}/a`);
  assert.deepEqual(gone.body, {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Success",
    details: { name: "a", kind: "configmaps", uid: made.body.metadata.uid },
  });
  const missing = await call("GET", `${configMaps}/a`);
  assert.deepEqual([missing.status, missing.body.message], [404, 'configmaps "a" not found']);
});

test("a body that is not for the URL is refused", async (t: TestContext) => {
  const { call } = await startTestServer(t);
  const post = async (path: string, body: unknown): Promise<readonly [number, string]> => {
    const { status, body: answer } = await call("POST", path, { body });
    return [status, answer.message];
  };
  const other = { ...configMap("a"), metadata: { name: "a", namespace: "kube-system" } };
  assert.deepEqual(await post(configMaps, other), [
    400,
    "the namespace of the provided object does not match the namespace sent on the request",
  ]);
  assert.deepEqual(await post(deployments, { ...deployment("a"), apiVersion: "apps/v1beta1" }), [
    400,
    "the API version in the data (apps/v1beta1) does not match the expected API version (apps/v1)",
  ]);
  assert.equal((await post("/api/v1/namespaces/none/configmaps", configMap("a")))[1], 'namespaces "none" not found');
  assert.equal((await post(configMaps, "{"))[0], 400);
  const unknown = await call("GET", "/apis/foo.example/v1/foos");
  assert.deepEqual([unknown.status, unknown.text], [404, "404 page not found\n"]);
});

test("a Deployment gets its defaults, and an invalid one its causes", async (t: TestContext) => {
  const { call } = await startTestServer(t);
  const { spec } = (await call("POST", deployments, { body: deployment("web") })).body;
  assert.deepEqual(spec.strategy, { type: "RollingUpdate", rollingUpdate: { maxUnavailable: "25%", maxSurge: "25%" } });
  assert.deepEqual([spec.replicas, spec.progressDeadlineSeconds, spec.revisionHistoryLimit], [1, 600, 10]);
  assert.equal(spec.template.spec.containers[0].imagePullPolicy, "IfNotPresent");
  const wrong = await call("POST", deployments, {
    body: deployment("bad", { selector: { matchLabels: { app: "other" } }, replicas: -1 }),
  });
  assert.equal(wrong.status, 422);
  assert.deepEqual(
    wrong.body.details.causes.map((cause: { field: string; reason: string }) => [cause.field, cause.reason]),
    [
      ["spec.replicas", "FieldValueInvalid"],
      ["spec.template.metadata.labels", "FieldValueInvalid"],
    ],
  );
});

test("unknown fields are refused, warned about or ignored, as asked", async (t: TestContext) => {
  const { call } = await startTestServer(t);
  const body = deployment("web", { foo: 1 });
  const strict = await call("POST", `${deployments}?fieldValidation=Strict&dryRun=All`, { body });
  assert.deepEqual(
    [strict.status, strict.body.message],
    [
      400,
      'Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: unknown field "spec.foo"',
    ],
  );
  const warned = await call("POST", `${deployments}?dryRun=All`, { body });
  assert.deepEqual([warned.status, warned.headers["warning"]], [201, '299 - "unknown field \\"spec.foo\\""']);
  const ignored = await call("POST", `${deployments}?fieldValidation=Ignore&dryRun=All`, { body });
  assert.equal(ignored.headers["warning"], undefined);
  assert.equal((await call("GET", `${deployments}/web`)).status, 404, "a dry run writes nothing");
});

test("the four ways to patch", async (t: TestContext) => {
  const { call } = await startTestServer(t);
  await call("POST", deployments, { body: deployment("web") });
  const patch = (type: string, body: unknown, query = ""): ReturnType<typeof call> =>
    call("PATCH", `${deployments}/web${query}`, { body, headers: { "content-type": type } });
  const json = await patch("application/json-patch+json", [{ op: "replace", path: "/spec/replicas", value: 3 }]);
  assert.deepEqual([json.body.spec.replicas, json.body.metadata.generation], [3, 2]);
  const merge = await patch("application/merge-patch+json", { metadata: { labels: { a: "b" } } });
  assert.deepEqual([merge.body.metadata.labels, merge.body.metadata.generation], [{ a: "b" }, 2]);
  const strategic = await patch("application/strategic-merge-patch+json", {
    spec: { template: { spec: { containers: [{ name: "side", image: "side:v1" }] } } },
  });
  assert.equal(strategic.body.spec.template.spec.containers.length, 2);
  const applied = { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web" }, spec: { replicas: 5 } };
  const conflict = await patch("application/apply-patch+yaml", applied, "?fieldManager=other");
  assert.deepEqual([conflict.status, conflict.body.details.causes[0].field], [409, ".spec.replicas"]);
  const forced = await patch("application/apply-patch+yaml", applied, "?fieldManager=other&force=true");
  assert.equal(forced.body.spec.replicas, 5);
  assert.equal((await patch("text/plain", "x")).status, 415);
});

test("lists: selectors, pages that stay together, and resourceVersions", async (t: TestContext) => {
  const { call } = await startTestServer(t);
  const secrets = "/api/v1/namespaces/default/secrets";
  for (const [name, tier] of [
    ["a", "web"],
    ["b", "db"],
    ["c", "web"],
  ] as const) {
    const metadata = { name, labels: { tier } };
    await call("POST", secrets, { body: { apiVersion: "v1", kind: "Secret", metadata } });
  }
  const names = async (query: string): Promise<readonly string[]> =>
    (await call("GET", `${secrets}?${query}`)).body.items.map(
      (item: { metadata: { name: string } }) => item.metadata.name,
    );
  assert.deepEqual(await names("labelSelector=tier%20in%20(web)"), ["a", "c"]);
  assert.deepEqual(await names("fieldSelector=metadata.name!=b"), ["a", "c"]);
  const first = (await call("GET", `${secrets}?limit=2`)).body;
  assert.deepEqual([first.items.length, first.metadata.remainingItemCount], [2, 1]);
  assert.equal(first.items[0].kind, undefined, "items of typed lists carry no kind");
  await call("POST", secrets, { body: { apiVersion: "v1", kind: "Secret", metadata: { name: "bb" } } });
  const second = (await call("GET", `${secrets}?limit=2&continue=${first.metadata.continue}`)).body;
  assert.deepEqual(
    [second.items.map((item: { metadata: { name: string } }) => item.metadata.name), second.metadata.resourceVersion],
    [["c"], first.metadata.resourceVersion],
  );
  const old = `resourceVersion=${first.metadata.resourceVersion}&resourceVersionMatch=Exact`;
  assert.deepEqual(await names(old), ["a", "b", "c"]);
  const tooOld = await call("GET", `${secrets}?resourceVersion=1&resourceVersionMatch=Exact`);
  assert.deepEqual([tooOld.status, tooOld.body.reason], [410, "Expired"]);
  const bad = await call("GET", `${secrets}?labelSelector=a%20b`);
  assert.equal(bad.body.message, "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt");
});

test("watches: what is and what changes, selectors that begin and cease to fit, a history that is gone", async (t: TestContext) => {
  const server = await startTestServer(t);
  const { call } = server;
  const label = (on: string): Promise<unknown> =>
    call("PATCH", `${configMaps}/a`, {
      body: { metadata: { labels: { on } } },
      headers: { "content-type": "application/merge-patch+json" },
    });
  const { metadata } = (await call("POST", configMaps, { body: configMap("a", {}, { on: "no" }) })).body;
  const since = `resourceVersion=${metadata.resourceVersion}`;
  const seen = await watched(server, `${configMaps}?labelSelector=on%3Dyes&${since}`, async () => {
    await label("yes");
    await label("no");
    await label("yes");
    await call("DELETE", `${configMaps}/a`);
  });
  assert.deepEqual(seen, ["ADDED a", "DELETED a", "ADDED a", "DELETED a"]);
  assert.deepEqual(await watched(server, `${configMaps}?resourceVersion=1`), ["ERROR 410"]);
  const list = "sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan";
  assert.deepEqual(await watched(server, `${configMaps}?${list}`), ["ADDED kube-root-ca.crt", "BOOKMARK"]);
});

test("deletion: preconditions, policies, dry run, collections", async (t: TestContext) => {
  const { call } = await startTestServer(t);
  for (const name of ["a", "b", "c"]) await call("POST", configMaps, { body: configMap(name, {}, { g: "1" }) });
  const wrong = await call("DELETE", `${configMaps}/a`, { body: { preconditions: { uid: "x" } } });
  assert.equal(wrong.status, 409);
  const foreground = await call("DELETE", `${configMaps}/a?propagationPolicy=Foreground`);
  assert.deepEqual(foreground.body.metadata.finalizers, ["foregroundDeletion"]);
  const unknown = await call("DELETE", `${configMaps}/b?propagationPolicy=Foo`);
  assert.equal(unknown.status, 422);
  await call("DELETE", `${configMaps}/b?dryRun=All`);
  assert.equal((await call("GET", `${configMaps}/b`)).status, 200);
  const all = await call("DELETE", `${configMaps}?labelSelector=g%3D1`);
  assert.deepEqual([all.body.kind, all.body.items.length], ["ConfigMapList", 3]);
  assert.equal((await call("GET", `${configMaps}/c`)).status, 404);
});

test("tables and metadata alone, as clients ask for them", async (t: TestContext) => {
  const { call } = await startTestServer(t);
  await call("POST", deployments, { body: deployment("web") });
  const accept = (as: string): { headers: Record<string, string> } => ({
    headers: { accept: `application/json;as=${as};v=v1;g=meta.k8s.io,application/json` },
  });
  const table = (await call("GET", deployments, accept("Table"))).body;
  assert.deepEqual(
    table.columnDefinitions
      .filter((column: { priority: number }) => column.priority === 0)
      .map((column: { name: string }) => column.name),
    ["Name", "Ready", "Up-to-date", "Available", "Age"],
  );
  assert.deepEqual(table.rows[0].cells.slice(0, 4), ["web", "0/1", 0, 0]);
  const partial = (await call("GET", `${deployments}/web`, accept("PartialObjectMetadata"))).body;
  assert.deepEqual([partial.kind, partial.spec], ["PartialObjectMetadata", undefined]);
  assert.equal((await call("GET", deployments, accept("PartialObjectMetadata"))).status, 406);
});

test("scale, reviews, discovery, OpenAPI and the roots", async (t: TestContext) => {
  const { call } = await startTestServer(t);
  await call("POST", deployments, { body: deployment("web") });
  const scaled = await call("PATCH", `${deployments}/web/scale`, {
    body: { spec: { replicas: 4 } },
    headers: { "content-type": "application/merge-patch+json" },
  });
  assert.deepEqual(
    [scaled.body.kind, scaled.body.spec, scaled.body.status.selector],
    ["Scale", { replicas: 4 }, "app=web"],
  );
  assert.equal((await call("GET", `${deployments}/web`)).body.spec.replicas, 4);
  const mayI = await call("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {
    body: { spec: { resourceAttributes: { verb: "create", resource: "pods" } } },
  });
  assert.equal(mayI.body.status.allowed, true);
  const type = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
  const groups = await call("GET", "/apis", { headers: { accept: type } });
  assert.equal(groups.headers["content-type"], type);
  const again = await call("GET", "/apis", {
    headers: { accept: type, "if-none-match": String(groups.headers["etag"]) },
  });
  assert.equal(again.status, 304);
  const index = (await call("GET", "/openapi/v3")).body;
  const document = (await call("GET", index.paths["apis/apps/v1"].serverRelativeURL)).body;
  const name = "io.k8s.api.apps.v1.Deployment";
  assert.equal(document.components.schemas[name]["x-kubernetes-group-version-kind"][0].kind, "Deployment");
  assert.equal((await call("GET", "/readyz")).text, "ok");
  assert.match((await call("GET", "/version")).body.gitVersion, /^v1\.34\./);
});

test("logs and proxies go through the node", async (t: TestContext) => {
  const { createServer } = await import("node:http");
  const pod = createServer((request, response) => response.end(`pod saw ${request.url ?? ""}`));
  await new Promise<void>((resolve) => pod.listen(0, "127.0.0.1", resolve));
  t.after(() => pod.close());
  const port = (pod.address() as { port: number }).port;
  const { call, client } = await startTestServer(t, {
    async *logs(_namespace, name, { container, tailLines }) {
      yield Buffer.from(`${name}/${container} ${tailLines ?? "all"}\n`);
    },
    dial: (_ip, asked) => ({ host: "127.0.0.1", port: asked }),
  });
  const pods = { group: "", resource: "pods" };
  const made = await client.create(pods, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p", namespace: "default" },
    spec: { nodeName: "n", containers: [{ name: "c", image: "i", ports: [{ containerPort: port }] }] },
  });
  await client.updateStatus(pods, { ...made, status: { podIP: "127.9.9.9" } });
  assert.equal((await call("GET", "/api/v1/namespaces/default/pods/p/log?tailLines=2")).text, "p/c 2\n");
  const unplaced = { apiVersion: "v1", kind: "Pod", metadata: { name: "q", namespace: "default" } };
  const spec = { containers: [{ name: "c", image: "i" }] };
  await client.create(pods, { ...unplaced, spec });
  assert.equal((await call("GET", "/api/v1/namespaces/default/pods/q/log")).status, 204, "no node has it yet");
  assert.equal((await call("GET", "/api/v1/namespaces/default/pods/p/log?tailLines=-1")).status, 422);
  const proxied = await call("GET", "/api/v1/namespaces/default/pods/p/proxy/a/b?c=d");
  assert.deepEqual([proxied.text, proxied.headers["content-type"]], ["pod saw /a/b?c=d", "text/plain; charset=utf-8"]);
  const answers = {
    "services/none:80/proxy/": 'services "none" not found',
    "services/ftp:none:80/proxy/": 'invalid service request "ftp:none:80"',
    "pods/p:1/proxy/": "error trying to reach service: dial tcp 127.9.9.9:1: connect: connection refused",
    [`pods/https:p:${port}/proxy/`]:
      "error trying to reach service: tls: first record does not look like a TLS handshake",
  };
  for (const [path, message] of Object.entries(answers)) {
    assert.equal((await call("GET", `/api/v1/namespaces/default/${path}`)).body.message, message);
  }
  await assert.rejects(
    call("GET", "/api/v1/namespaces/default/pods/p:http/proxy/"),
    "the name of a pod's port hangs up",
  );
});

test("what is asked in a wrong way is refused as Kubernetes refuses it", async (t: TestContext) => {
  const { call } = await startTestServer(t);
  await call("POST", configMaps, { body: configMap("a") });
  const reviews = "/apis/authorization.k8s.io/v1";
  const table: readonly (readonly [string, string, unknown, number, string])[] = [
    [
      "POST",
      "/api/v1/watch/namespaces/default/configmaps",
      configMap("b"),
      405,
      "the server does not allow this method",
    ],
    ["POST", "/version", {}, 405, "the server does not allow this method"],
    ["GET", "/apis/apps/v2", undefined, 404, "the server could not find the requested resource"],
    ["GET", `${configMaps}?watch=1&continue=abc`, undefined, 422, "resourceVersionMatch is forbidden when continue"],
    ["GET", `${configMaps}?continue=e30`, undefined, 400, "server does not recognize this encoded version"],
    ["GET", `${configMaps}?fieldSelector=a%3Db`, undefined, 400, '"a" is not a known field selector'],
    ["GET", `${configMaps}?labelSelector=a%3E%3Eb`, undefined, 400, "found '>', expected: identifier"],
    ["POST", configMaps, '{"a":', 400, 'json parse error: unexpected end of JSON input ({"a":)'],
    ["DELETE", `${configMaps}/a`, '{"dryRun":"All"}', 500, "cannot unmarshal string into Go struct field"],
    ["PUT", `${deployments}/w/scale`, { spec: { replicas: 1 } }, 400, "name must be provided"],
    ["POST", `${reviews}/subjectaccessreviews`, { spec: { resourceAttributes: {} } }, 422, "user or group must be"],
    ["POST", `${reviews}/selfsubjectrulesreviews`, { spec: {} }, 400, "no namespace on request"],
  ];
  for (const [method, path, body, status, message] of table) {
    const answer = await call(method, path, body === undefined ? {} : { body });
    assert.deepEqual([answer.status, answer.body.message.includes(message)], [status, true], answer.text);
  }
  const jane = { spec: { user: "jane", resourceAttributes: { verb: "get" } } };
  assert.equal((await call("POST", `${reviews}/subjectaccessreviews`, { body: jane })).body.status.allowed, false);
  const page = (await call("DELETE", `${configMaps}?limit=1`)).body;
  assert.deepEqual([page.items.length, page.metadata.remainingItemCount], [1, 1], "a page of a collection goes alone");
});
