import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import { startCluster } from "../../cluster/index.ts";
import { configMapYaml, namespaceYaml } from "../engine/workbench-in-test.ts";
import { systemClock } from "../io/clock/clock.ts";
import { HttpsKube } from "../io/kube/https-kube.ts";
import { kubeconfigAccess } from "../io/kube/kubeconfig.ts";
import type { KubeObject } from "../model/kube-object.ts";
import type { Notice } from "../model/notice.ts";
import { startForge, token } from "../status/forge/forge-double-in-test.ts";
import { packageFile } from "./package-root.ts";
import { eventually, makePlace, startPlumb } from "./plumb-in-test.ts";
import type { Place } from "./plumb-in-test.ts";
import { startRemote } from "./remote-in-test.ts";

const secret = "a secret of the engine and the chat";

/** The function that docs/guides/notifications.md gives to those who receive webhooks, as it stands there. */
async function fromGuide(folder: string): Promise<(headers: object, body: string, key: string) => boolean> {
  const guide = readFileSync(packageFile("docs", "guides", "notifications.md"), "utf8");
  const code = /```js\n([^`]*(?:`[^`]+`[^`]*)*?)```/.exec(guide)?.[1];
  assert.ok(code);
  writeFileSync(join(folder, "verify.mjs"), code);
  const module = (await import(join(folder, "verify.mjs"))) as {
    readonly isPlumblines: (headers: object, body: string, key: string) => boolean;
  };
  return module.isPlumblines;
}

/** Somebody who is told by webhook and believes nothing that is not signed. */
async function startListener(t: TestContext, folder: string) {
  const isPlumblines = await fromGuide(folder);
  const schema = JSON.parse(readFileSync(packageFile("docs", "notice.schema.json"), "utf8")) as object;
  const fits = new Ajv2020({ strict: false, validateFormats: false }).compile(schema);
  const heard: Notice[] = [];
  const refused: string[] = [];
  let failures = 1;
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => (body += text));
    request.on("end", () => {
      const notice = JSON.parse(body) as Notice;
      if (!isPlumblines(request.headers, body, secret)) refused.push("signature");
      if (isPlumblines({ ...request.headers, "x-plumbline-id": "0" }, body, secret)) refused.push("another id");
      if (isPlumblines(request.headers, `${body} `, secret)) refused.push("another body");
      if (isPlumblines(request.headers, body, "another")) refused.push("another secret");
      if (!fits(notice)) refused.push(JSON.stringify(fits.errors));
      if (request.headers["x-plumbline-id"] !== notice.id) refused.push("id");
      failures -= 1;
      if (failures < 0) heard.push(notice);
      response.writeHead(failures < 0 ? 204 : 500).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, heard, refused };
}

/** Starts an SDK before the engine, as operators do, which writes each span into a file; answers the file. */
function withTracing(place: Place): { readonly env: NodeJS.ProcessEnv; readonly spans: () => readonly TestSpan[] } {
  const [setup, file] = [join(place.folder, "tracing.mjs"), join(place.folder, "spans")];
  const code = `import { createRequire } from "node:module";
import { appendFileSync } from "node:fs";
const { NodeTracerProvider, SimpleSpanProcessor } = createRequire(${JSON.stringify(packageFile("package.json"))})("@opentelemetry/sdk-trace-node");
const line = (span) => JSON.stringify({ name: span.name, attributes: span.attributes, links: span.links.length, trace: span.spanContext().traceId });
const spanExporter = {
  export(spans, done) { for (const span of spans) appendFileSync(${JSON.stringify(file)}, line(span) + "\\n"); done({ code: 0 }); },
  shutdown: () => Promise.resolve(),
};
new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spanExporter)] }).register();
`;
  writeFileSync(setup, code);
  const read = (): readonly TestSpan[] =>
    readFileSync(file, "utf8")
      .trim()
      .split("\n")
      .map((text) => JSON.parse(text) as TestSpan);
  return { env: { ...place.env, NODE_OPTIONS: `--import=${setup}` }, spans: read };
}

interface TestSpan {
  readonly name: string;
  readonly trace: string;
  readonly links: number;
  readonly attributes: { readonly [name: string]: unknown };
}

const settings = (a: string): string => `${namespaceYaml("shop-staging")}---\n${configMapYaml("settings", { a })}`;

test("every state of a delivery reaches forge, webhook, Events, log, metrics and traces, by one id, also past a hanging forge and a kill", async (t) => {
  const place = await makePlace(t);
  const { url, push, git } = await startRemote(t, place);
  const forge = await startForge(t, "gitea");
  const chat = await startListener(t, place.folder);
  const cluster = await startCluster({ folder: join(place.folder, "cluster") });
  t.after(() => cluster.stop());
  writeFileSync(join(place.folder, "token"), `${token}\n`);
  writeFileSync(join(place.folder, "secret"), `${secret}\n`);
  const arguments_ = [
    "engine",
    `--repository=${url}`,
    `--kubeconfig=${cluster.kubeconfigPath}`,
    "--poll=300ms",
    "--page-url=https://deliveries.example.com",
    "--forge=gitea",
    `--forge-url=${forge.api}`,
    "--forge-token=token",
    `--notify-url=${chat.url}`,
    "--notify-secret=secret",
  ];
  const delivery = "environments: { staging: { namespace: shop-staging, rollout: { soak: 100ms } } }\n";
  const first = push({ "delivery.yaml": delivery, "staging/shop/all.yaml": settings("1") });
  const tracing = withTracing(place);
  const engine = startPlumb(t, { ...place, env: tracing.env }, arguments_);
  let log = "";
  engine.child.stdout?.on("data", (text) => (log += String(text)));
  const says = (commit: string, state: string): Promise<object> =>
    eventually(`the forge says ${state}`, () =>
      Promise.resolve(forge.kept.find((one) => one.commit === commit && one.state === state)),
    );
  await says(first, "success");

  const refused = push({ "staging/shop/all.yaml": `${settings("2")}---\nkind: Nothing\n` });
  await says(refused, "error");
  const access = await kubeconfigAccess({ path: cluster.kubeconfigPath, clock: systemClock });
  assert.ok(access.ok);
  const kube = new HttpsKube({ access: access.value, clock: systemClock, random: Math.random });
  t.after(() => kube.close());
  const mended = push({ "staging/shop/all.yaml": settings("3") });
  await says(mended, "success");
  const kinds = await Promise.all([kube.resource("v1", "ConfigMap"), kube.resource("v1", "Event")]);
  const [configMaps, events] = kinds.map((one) => (one.ok ? one.value : undefined));
  assert.ok(configMaps && events);
  const changed = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "settings", namespace: "shop-staging" },
    data: { a: "by hand" },
  };
  await kube.apply(configMaps, changed, { fieldManager: "by-hand", force: true, dryRun: false });
  await eventually("drift is told", () => Promise.resolve(chat.heard.find(({ type }) => type === "drift")));

  forge.next(...Array.from({ length: 40 }, () => "hang" as const));
  const hanging = push({ "staging/shop/all.yaml": settings("4") });
  const healthy = await eventually("healthy, whatever the forge does", () =>
    Promise.resolve(chat.heard.find(({ commit, outcome }) => commit === hanging && outcome === "healthy")),
  );
  engine.child.kill("SIGKILL");
  await engine.ended;
  assert.ok(!forge.kept.some(({ commit }) => commit === hanging));
  forge.next();
  const next = startPlumb(t, place, arguments_);
  let nextLog = "";
  next.child.stdout?.on("data", (text) => (nextLog += String(text)));
  await says(hanging, "success");

  assert.deepEqual(forge.complaints, []);
  assert.deepEqual(chat.refused, []);
  const states = (commit: string): readonly string[] =>
    forge.kept.filter((one) => one.commit === commit).map(({ state }) => state);
  assert.deepEqual(
    [states(first).at(-1), states(refused).at(-1), states(mended).at(-1)],
    ["success", "error", "success"],
  );
  assert.equal(forge.kept.filter(({ commit, state }) => commit === first && state === "success").length, 1);
  await seenInCluster(kube, events, healthy.delivery);
  const told = log.split("\n").filter((line) => line.includes(healthy.delivery));
  const story = told.map((line) => JSON.parse(line) as { readonly delivery: string; readonly msg: string });
  assert.ok(story.every((line) => line.delivery === healthy.delivery));
  for (const part of [/it must stay so/, /^every object is healthy/, /^told$/])
    assert.ok(
      story.some(({ msg }) => part.test(msg)),
      `${String(part)} in ${told.join("\n")}`,
    );
  const spans = tracing.spans();
  const whole = spans.find(({ name, trace }) => name === "delivery" && trace === healthy.delivery);
  assert.ok(whole && whole.links > 0, JSON.stringify(spans.slice(-20)));
  const passes = spans.filter((span) => span.attributes["plumbline.delivery"] === healthy.delivery);
  assert.ok(passes.some(({ name }) => name === "pass"));
  assert.ok(
    spans.some(({ name, trace }) => name === "kube apply configmaps" && passes.some((one) => one.trace === trace)),
  );
  const record = git("show", "plumbline/log:staging/shop.json");
  assert.equal((JSON.parse(record) as { delivery: string }).delivery, healthy.delivery);
  const statusUrl = /"statusUrl":"([^"]+)"/.exec(nextLog)?.[1] ?? "";
  const metrics = await (await fetch(`${statusUrl}metrics`)).text();
  assert.match(metrics, /^plumbline_notifications_total\{receiver="gitea",result="told"\} [1-9]/m);
  assert.match(metrics, /^plumbline_api_requests_total\{verb="PATCH",resource="events",code="20[01]"\} [1-9]/m);
});

/** Blocked, delivered and drift undone are on the objects, as `kubectl describe` looks for them. */
async function seenInCluster(kube: HttpsKube, events: Parameters<HttpsKube["list"]>[0]["resource"], delivery: string) {
  const list = await kube.list({ resource: events, namespace: "shop-staging" });
  assert.ok(list.ok);
  const ours = list.value.filter(({ source }) => (source as { component?: string }).component === "plumbline");
  const reasons = new Set(ours.map((event) => event["reason"] as string));
  assert.deepEqual(
    [...reasons].toSorted((a, b) => (a < b ? -1 : 1)),
    ["Blocked", "Delivered", "DriftUndone"],
  );
  const drift = ours.find(({ reason }) => reason === "DriftUndone");
  assert.ok(drift);
  const { kind, name, uid } = drift["involvedObject"] as { kind?: string; name?: string; uid?: string };
  assert.deepEqual([kind, name, typeof uid], ["ConfigMap", "settings", "string"]);
  const tagged = (event: KubeObject): string | undefined => event.metadata.annotations?.["plumbline.dev/delivery"];
  assert.ok(ours.some((event) => event["reason"] === "Delivered" && tagged(event) === delivery));
}
