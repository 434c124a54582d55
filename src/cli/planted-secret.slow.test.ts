import assert from "node:assert/strict";
import { createHmac, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { delimiter, join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { load } from "js-yaml";
import { startCluster } from "../../cluster/index.ts";
import type { Cluster } from "../../cluster/index.ts";
import { writeLayout } from "../../cluster/node/layout-in-test.ts";
import { systemClock } from "../io/clock/clock.ts";
import { HttpsKube } from "../io/kube/https-kube.ts";
import { kubeconfigAccess } from "../io/kube/kubeconfig.ts";
import { eventually, makePlace, plumb, startPlumb } from "./plumb-in-test.ts";
import type { Place } from "./plumb-in-test.ts";
import { startRemote } from "./remote-in-test.ts";

/** One secret for each place where one can be; letters and digits, so that no encoding of a surface hides it by chance. */
const places = [
  "stringData",
  "data",
  "env",
  "argument",
  "byHand",
  "brokenData",
  "brokenYaml",
  "gitPassword",
  "forgeToken",
  "notifySecret",
  "hookSecret",
  "pluginNoise",
] as const;
type Planted = Readonly<Record<(typeof places)[number], string>>;

const planted = Object.fromEntries(
  places.map((name) => [name, `planted${name}${randomBytes(9).toString("hex")}`]),
) as Planted;

/** How a text can be written: as it is, in hex, for a URL, and in base64 at each of the three places in its groups. */
function formsOf(text: string): readonly string[] {
  const shifted = [0, 1, 2].map((before) => {
    const encoded = Buffer.from(`${"x".repeat(before)}${text}`).toString("base64");
    // What the neighbours have a part in is left out.
    return encoded.slice(before === 0 ? 0 : 4, Math.floor((before + text.length) / 3) * 4);
  });
  return [text, text.toUpperCase(), Buffer.from(text).toString("hex"), encodeURIComponent(text), ...shifted];
}

const program = `
const { PASSWORD, MODE } = process.env;
if (MODE === "crash") { console.error("cannot log in with " + PASSWORD); process.exit(3); }
require("node:http").createServer((request, response) => response.end("ok")).listen(8080);
process.on("SIGTERM", () => process.exit(0));
`;

function manifests(mode: string, extra = ""): string {
  return `apiVersion: v1
kind: Secret
metadata: { name: database }
stringData: { password: ${planted.stringData} }
data: { token: ${Buffer.from(planted.data).toString("base64")} }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 1
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: web
          image: example.test/app:1
          terminationMessagePolicy: FallbackToLogsOnError
          readinessProbe: { httpGet: { path: /, port: 8080 }, periodSeconds: 1 }
          args: ["main.js", "--password=${planted.argument}"]
          env:
            - { name: MODE, value: ${mode} }
            - { name: DATABASE_PASSWORD, value: ${planted.env} }
            - { name: PASSWORD, valueFrom: { secretKeyRef: { name: database, key: password } } }
${extra}`;
}

/** A kubeconfig whose credentials come from a plugin that also says a secret where it should not. */
function pluginKubeconfig(place: Place, cluster: Cluster): string {
  const config = load(readFileSync(cluster.kubeconfigPath, "utf8")) as {
    users: [{ name: string; user: Record<string, string> }];
  };
  const { user } = config.users[0];
  const status = {
    ...(user["token"] === undefined ? {} : { token: user["token"] }),
    ...(user["client-certificate-data"] === undefined
      ? {}
      : {
          clientCertificateData: Buffer.from(user["client-certificate-data"], "base64").toString("utf8"),
          clientKeyData: Buffer.from(user["client-key-data"] ?? "", "base64").toString("utf8"),
        }),
  };
  const apiVersion = "client.authentication.k8s.io/v1";
  const answer = JSON.stringify({ apiVersion, kind: "ExecCredential", status, note: planted.pluginNoise });
  writeFileSync(join(place.folder, "credential.json"), answer);
  const plugin = join(place.folder, "plugin");
  const fails = `[ -e "${place.folder}/asked" ] || { touch "${place.folder}/asked"; echo ${planted.pluginNoise}; exit 1; }`;
  const script = `#!/bin/sh\necho ${planted.pluginNoise} >&2\n${fails}\ncat "${place.folder}/credential.json"\n`;
  writeFileSync(plugin, script, { mode: 0o755 });
  const exec = { apiVersion, command: plugin, interactiveMode: "Never" };
  const users = [{ ...config.users[0], user: { exec } }];
  const file = join(place.folder, "plugin.kubeconfig");
  writeFileSync(file, JSON.stringify({ ...config, users }));
  return file;
}

/** A git that notes what it is run with, and then is git: arguments of a process can be read by everyone on the machine. */
function notingGit(place: Place): NodeJS.ProcessEnv {
  const bin = join(place.folder, "bin");
  mkdirSync(bin);
  const path = place.env["PATH"] ?? "";
  const script = `#!/bin/sh\nprintf '%s\\n' "$*" >>"${place.folder}/argv"\nPATH="${path}" exec git "$@"\n`;
  writeFileSync(join(bin, "git"), script, { mode: 0o755 });
  return { ...place.env, PATH: `${bin}${delimiter}${path}` };
}

/** A forge and a chat in one: it keeps what it is told, and answers with the very secrets that it was given. */
async function startOutside(t: TestContext) {
  const heard: string[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => (body += text));
    request.on("end", () => {
      // A token in its header is where it belongs; anywhere else it is not.
      heard.push(`${request.url} ${JSON.stringify({ ...request.headers, authorization: "" })} ${body}`);
      const isTold = heard.length % 3 === 0;
      const answer = { message: `${planted.forgeToken} ${planted.notifySecret} are not known here` };
      response.writeHead(isTold ? 201 : 403, { "retry-after": "1" }).end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, heard };
}

test("a secret that is planted in every place where one can be is on no surface (behaviour G4)", async (t) => {
  const place = await makePlace(t);
  const credentials = { username: "plumbline", password: planted.gitPassword };
  const { url, push, git } = await startRemote(t, place, { credentials });
  const layout = join(place.folder, "images");
  const layers = [[{ name: "app/main.js", text: program }]];
  const config = { Entrypoint: ["node"], WorkingDir: "/app", User: "65532" };
  await writeLayout(layout, [{ ref: "example.test/app:1", layers, config }]);
  const cluster = await startCluster({ folder: join(place.folder, "cluster"), images: layout });
  t.after(() => cluster.stop());
  const outside = await startOutside(t);
  writeFileSync(join(place.folder, "token"), planted.forgeToken);
  writeFileSync(join(place.folder, "secret"), planted.notifySecret);
  writeFileSync(join(place.folder, "hook"), planted.hookSecret);
  mkdirSync(join(place.folder, "credentials"));
  writeFileSync(join(place.folder, "credentials", "username"), credentials.username);
  writeFileSync(join(place.folder, "credentials", "password"), credentials.password);
  const kubeconfig = pluginKubeconfig(place, cluster);
  const delivery =
    "environments: { staging: { namespace: default, rollout: { soak: 100ms, deadline: 30s, maxRestarts: 0, logLines: 5 } } }\n";
  const first = push({ "delivery.yaml": delivery, "staging/shop/all.yaml": manifests("ready") });
  const noting: Place = { ...place, env: notingGit(place) };
  const engine = startPlumb(t, noting, [
    "engine",
    `--repository=${url}`,
    "--credentials=credentials",
    `--kubeconfig=${kubeconfig}`,
    "--poll=300ms",
    "--webhook-port=0",
    "--webhook-secret=hook",
    "--forge=github",
    `--forge-url=${outside.url}`,
    "--forge-token=token",
    `--notify-url=${outside.url}/hook`,
    "--notify-secret=secret",
  ]);
  let log = "";
  engine.child.stdout?.on("data", (text) => (log += String(text)));
  await engine.printed(`"revision":"${first}","outcome":"healthy"`);
  const { kube, secrets, events } = await doors(t, cluster);
  const changed = { apiVersion: "v1", kind: "Secret", metadata: { name: "database", namespace: "default" } };
  const data = {
    token: Buffer.from(planted.byHand).toString("base64"),
    more: Buffer.from(planted.byHand).toString("base64"),
  };
  await kube.apply(secrets, { ...changed, data }, { fieldManager: "by-hand", force: true, dryRun: false });
  await eventually("drift is told", () => Promise.resolve(outside.heard.find((one) => one.includes('"type":"drift"'))));

  const broken = push({
    "staging/shop/all.yaml": manifests(
      "ready",
      `---\napiVersion: v1\nkind: Secret\nmetadata: { name: other }\ndata: { a: "${planted.brokenData} !" }\n`,
    ),
  });
  await engine.printed(`"revision":"${broken}","outcome":"refused"`);
  const unread = push({
    "staging/shop/all.yaml": manifests(
      "ready",
      `---\napiVersion: v1\nkind: Secret\nstringData: { a: ${planted.brokenYaml}: [ }\n`,
    ),
  });
  await engine.printed(`"revision":"${unread}","outcome":"refused"`);
  const crashing = push({ "staging/shop/all.yaml": manifests("crash") });
  await engine.printed(`"revision":"${crashing}","outcome":"failed"`);
  await eventually("rolled back", () =>
    Promise.resolve(git("log", "-1", "--format=%s", "main").startsWith("Roll") || undefined),
  );
  const rollback = git("rev-parse", "main");
  assert.match(git("log", "-1", "--format=%B", "main"), /logged\s+last:\s+cannot\s+log\s+in\s+with\s+\*\*\*/);
  await engine.printed(`"revision":"${rollback}","outcome":"healthy"`);

  const statusUrl = /"statusUrl":"([^"]+)"/.exec(log)?.[1] ?? "";
  const hookUrl = /"webhookUrl":"([^"]+)"/.exec(log)?.[1] ?? "";
  const signed = createHmac("sha256", "not the secret").update("{}").digest("hex");
  const refused = await fetch(hookUrl, {
    method: "POST",
    body: "{}",
    headers: { "x-hub-signature-256": `sha256=${signed}` },
  });
  assert.equal(refused.status, 401);
  const surfaces = new Map<string, string>();
  for (const path of ["", "status.json", "metrics", "healthz", "readyz", "nothing"])
    surfaces.set(`/${path}`, await (await fetch(`${statusUrl}${path}`)).text());
  const withPassword = url.replace("://", `://plumbline:${planted.gitPassword}@`);
  const commands: readonly (readonly string[])[] = [
    ["status", `--repository=${withPassword}`],
    ["status", `--repository=${withPassword}`, "--json"],
    ["verify", `--repository=${withPassword}`, `--kubeconfig=${kubeconfig}`],
    ["verify", `--repository=${withPassword}`, `--kubeconfig=${kubeconfig}`, "--json"],
    ["plan", `${first}..${crashing}`, `--repository=${withPassword}`],
    ["plan", `${first}..${broken}`, `--repository=${withPassword}`, "--markdown"],
    ["plan", `${broken}..${first}`, `--repository=${withPassword}`, "--json"],
    ["verify", `--repository=${withPassword.replace("shop.git", "none.git")}`, `--kubeconfig=${kubeconfig}`],
  ];
  for (const args of commands) {
    const { out, err } = await plumb(t, noting, ...args);
    assert.ok(`${out}${err}`.length > 20, `${args[0]} says something`);
    surfaces.set(`plumb ${args[0]} ${args.slice(2).join(" ")}`, `${out}${err}`);
  }
  engine.child.kill("SIGTERM");
  const { out, err } = await engine.ended;
  surfaces.set("log", `${out}${err}`);
  surfaces.set("arguments of git", readFileSync(join(place.folder, "argv"), "utf8"));
  surfaces.set("told outside", outside.heard.join("\n"));
  surfaces.set("commits", git("log", "--all", "--format=%an %ae %cn %ce %B"));
  surfaces.set("delivery log", git("log", "--patch", "--text", "plumbline/log"));
  const told = await kube.list({ resource: events });
  assert.ok(told.ok);
  surfaces.set(
    "Events",
    JSON.stringify(told.value.filter(({ source }) => (source as { component?: string }).component === "plumbline")),
  );
  const configMaps = await kube.resource("v1", "ConfigMap");
  assert.ok(configMaps.ok && configMaps.value);
  surfaces.set("inventories", JSON.stringify(await kube.list({ resource: configMaps.value })));
  search(surfaces);
});

/** Names every secret that is found, and where. */
function search(surfaces: ReadonlyMap<string, string>): void {
  const found: string[] = [];
  for (const [surface, text] of surfaces) {
    assert.ok(text.length > 1, `${surface} is empty`);
    for (const [name, secret] of Object.entries(planted)) {
      for (const form of formsOf(secret)) {
        const at = text.indexOf(form);
        if (at >= 0) found.push(`${name} in ${surface}: …${text.slice(Math.max(0, at - 120), at + form.length + 20)}…`);
      }
    }
  }
  assert.deepEqual(found, []);
}

async function doors(t: TestContext, cluster: Cluster) {
  const access = await kubeconfigAccess({ path: cluster.kubeconfigPath, clock: systemClock });
  assert.ok(access.ok);
  const kube = new HttpsKube({ access: access.value, clock: systemClock, random: Math.random });
  t.after(() => kube.close());
  const secrets = await kube.resource("v1", "Secret");
  const events = await kube.resource("v1", "Event");
  assert.ok(secrets.ok && secrets.value && events.ok && events.value);
  return { kube, secrets: secrets.value, events: events.value };
}
