import assert from "node:assert/strict";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { systemClock } from "../clock/clock.ts";
import { HttpsKube } from "./https-kube.ts";
import { kubeconfigAccess } from "./kubeconfig.ts";

/** A plugin that counts its runs and answers what the script says, and a server that takes the tokens of `taken`. */
async function start(t: TestContext, script: string, user = "") {
  const folder = await mkdtemp(join(tmpdir(), "plumbline-exec-"));
  const taken = new Set<string>();
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(request.headers.authorization ?? "none");
    response.statusCode = taken.has(request.headers.authorization ?? "") ? 200 : 401;
    response.end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(async () => {
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true });
  });
  await writeFile(join(folder, "plugin"), `#!/bin/sh\necho run >>"$RUNS"\n${script}\n`);
  await chmod(join(folder, "plugin"), 0o755);
  const path = join(folder, "kubeconfig");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await writeFile(
    path,
    `current-context: c
contexts: [{ name: c, context: { cluster: c, user: u } }]
clusters: [{ name: c, cluster: { server: "${url}" } }]
users:
- name: u
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: ./plugin
      args: [--for, us]
      env: [{ name: RUNS, value: "${join(folder, "runs")}" }]
      installHint: get it from your platform team
${user}`,
  );
  const access = await kubeconfigAccess({ path, clock: systemClock, environment: { PATH: process.env["PATH"] } });
  assert.ok(access.ok);
  const kube = new HttpsKube({ access: access.value, clock: systemClock, random: () => 0, attempts: 2 });
  t.after(() => kube.close());
  const runs = async (): Promise<number> => (await readFile(join(folder, "runs"), "utf8")).trim().split("\n").length;
  return { kube, taken, seen, runs, folder };
}

const credential = (status: string): string =>
  `{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":${status}}`;

test("a plugin's token is used until the server refuses it, and then asked for again", async (t) => {
  const { kube, taken, seen, runs } = await start(
    t,
    `echo '${credential('{"token":"\'"$(wc -l <"$RUNS" | tr -d " ")"\'"}')}'`,
  );
  taken.add("Bearer 1");
  assert.equal((await kube.raw("/version")).status, 200);
  assert.equal((await kube.raw("/version")).status, 200);
  assert.equal(await runs(), 1);
  taken.delete("Bearer 1");
  taken.add("Bearer 2");
  assert.equal((await kube.raw("/version")).status, 200);
  assert.deepEqual(seen.slice(2), ["Bearer 1", "Bearer 2"]);
});

test("a plugin is told what it is asked for, and no more of the environment than the process has", async (t) => {
  const provide = "      provideClusterInfo: true\n";
  const { kube, folder, taken } = await start(
    t,
    `echo "$KUBERNETES_EXEC_INFO $*" >"$RUNS.info"; echo '${credential('{"token":"t"}')}'`,
    provide,
  );
  taken.add("Bearer t");
  assert.equal((await kube.raw("/version")).status, 200);
  const told = await readFile(join(folder, "runs.info"), "utf8");
  const [, info = "", args] = /^(\{.*\}) (.*)\n$/.exec(told) ?? [];
  assert.equal(args, "--for us");
  const { apiVersion, spec } = JSON.parse(info) as {
    apiVersion: string;
    spec: { interactive: boolean; cluster: object };
  };
  assert.equal(apiVersion, "client.authentication.k8s.io/v1");
  assert.equal(spec.interactive, false);
  assert.deepEqual(Object.keys(spec.cluster), ["server"]);
});

test("a plugin that fails is named, and what it printed is not", async (t) => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ["echo s3cret; echo s3cret >&2; exit 7", /plugin \.\/plugin ended with 7/],
    ["echo s3cret", /did not answer an ExecCredential/],
    [`echo '${credential('{"user":"s3cret"}')}'`, /gave neither a token nor a certificate/],
  ];
  for (const [script, why] of cases) {
    const { kube } = await start(t, script);
    const { status, body } = await kube.raw("/version");
    assert.equal(status, 0);
    assert.match(body, why);
    assert.doesNotMatch(body, /s3cret/);
  }
  const { kube, folder } = await start(t, "");
  await rm(join(folder, "plugin"));
  assert.match((await kube.raw("/version")).body, /plugin \.\/plugin is not there: get it from your platform team/);
});
