import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { kubeconfigAccess } from "./kubeconfig.ts";
import { inClusterAccess } from "./in-cluster.ts";

const clock = { now: () => 0, at: () => () => {} };

async function folderWith(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "plumbline-kubeconfig-"));
  t.after(() => rm(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}

const config = `
apiVersion: v1
kind: Config
current-context: one
contexts:
- name: one
  context: { cluster: near, user: token, namespace: shop }
- name: two
  context: { cluster: far, user: certificate }
- name: three
  context: { cluster: near, user: plugin }
- name: old
  context: { cluster: near, user: old }
clusters:
- name: near
  cluster: { server: "https://127.0.0.1:6443", certificate-authority-data: ${Buffer.from("CA").toString("base64")} }
- name: far
  cluster: { server: "https://far.example/base", certificate-authority: ca.crt, tls-server-name: kubernetes }
users:
- name: token
  user: { token: s3cret }
- name: certificate
  user: { client-certificate: me.crt, client-key-data: ${Buffer.from("KEY").toString("base64")} }
- name: plugin
  user: { exec: { command: aws } }
- name: old
  user: { auth-provider: { name: gcp } }
`;

test("the current context with a token", async (t) => {
  const folder = await folderWith(t, { config });
  const access = await kubeconfigAccess({ path: join(folder, "config"), clock });
  assert.ok(access.ok);
  assert.equal(access.value.server.href, "https://127.0.0.1:6443/");
  assert.equal(access.value.authority, "CA");
  assert.equal(access.value.namespace, "shop");
  assert.deepEqual(await access.value.credentials.get(), { authorization: "Bearer s3cret" });
});

test("a named context with files beside the kubeconfig", async (t) => {
  const folder = await folderWith(t, { config, "ca.crt": "FILE CA", "me.crt": "ME" });
  const access = await kubeconfigAccess({ path: join(folder, "config"), context: "two", clock });
  assert.ok(access.ok);
  const { authority, tlsServerName, credentials } = access.value;
  assert.deepEqual([authority, tlsServerName], ["FILE CA", "kubernetes"]);
  assert.deepEqual(await credentials.get(), { certificate: "ME", key: "KEY" });
});

test("what cannot be used is named, with the file and a remedy, and no credential", async (t) => {
  const folder = await folderWith(t, { config, broken: "token: s3cret: x", empty: "" });
  const cases: readonly (readonly [string, string | undefined, string])[] = [
    ["config", "three", "kubeconfig-exec"],
    ["config", "old", "kubeconfig-auth-provider"],
    ["config", "four", "kubeconfig-no-context"],
    ["config", "two", "kubeconfig-unreadable"],
    ["broken", undefined, "kubeconfig-invalid"],
    ["empty", undefined, "kubeconfig-invalid"],
    ["missing", undefined, "kubeconfig-unreadable"],
  ];
  for (const [file, context, code] of cases) {
    const path = join(folder, file);
    const access = await kubeconfigAccess({ path, clock, ...(context === undefined ? {} : { context }) });
    assert.ok(!access.ok, `${file} ${context}`);
    assert.equal(access.problems[0]?.code, code);
    assert.equal(access.problems[0]?.where?.file, path);
    assert.ok(access.problems[0]?.remedy);
    assert.doesNotMatch(JSON.stringify(access.problems), /s3cret/);
  }
});

test("in a pod the service account is used, and its token is read again", async (t) => {
  const folder = await folderWith(t, { "ca.crt": "CA", namespace: "plumbline\n", token: "first\n" });
  let now = 0;
  const environment = { KUBERNETES_SERVICE_HOST: "fd00::1", KUBERNETES_SERVICE_PORT: "6443" };
  const access = await inClusterAccess({ environment, clock: { ...clock, now: () => now }, folder });
  assert.ok(access.ok);
  assert.equal(access.value.server.href, "https://[fd00::1]:6443/");
  assert.equal(access.value.namespace, "plumbline");
  await writeFile(join(folder, "token"), "second");
  assert.deepEqual(await access.value.credentials.get(), { authorization: "Bearer first" });
  now = 60_000;
  assert.deepEqual(await access.value.credentials.get(), { authorization: "Bearer second" });
  await writeFile(join(folder, "token"), "third");
  assert.ok(access.value.credentials.refused(), "a refused token is looked up again before its minute is over");
  assert.deepEqual(await access.value.credentials.get(), { authorization: "Bearer third" });
  const outside = await inClusterAccess({ environment: {}, clock, folder });
  assert.ok(!outside.ok && outside.problems[0]?.code === "not-in-cluster");
});

test("of several kubeconfigs the first that names an entry counts, and each keeps its own folder", async (t) => {
  const mine = await folderWith(t, {
    mine: "current-context: two\nusers:\n- name: certificate\n  user: { token: mine }\n",
  });
  const folder = await folderWith(t, { config, "ca.crt": "FILE CA" });
  const path = [join(mine, "mine"), join(mine, "missing"), join(folder, "config")].join(":");
  const access = await kubeconfigAccess({ path, clock });
  assert.ok(access.ok);
  assert.equal(access.value.authority, "FILE CA");
  assert.deepEqual(await access.value.credentials.get(), { authorization: "Bearer mine" });
});

test("the way to the server goes through the proxy that the cluster or the environment names", async (t) => {
  const proxied = config.replace("tls-server-name", 'proxy-url: "http://own.example:3128", tls-server-name');
  const folder = await folderWith(t, { config, proxied, "ca.crt": "CA", "me.crt": "ME" });
  const proxyOf = async (file: string, environment: Record<string, string>) => {
    const access = await kubeconfigAccess({ path: join(folder, file), context: "two", clock, environment });
    assert.ok(access.ok);
    return access.value.proxy?.href;
  };
  const environment = { HTTPS_PROXY: "http://proxy.example:8080" };
  assert.equal(await proxyOf("config", environment), "http://proxy.example:8080/");
  assert.equal(await proxyOf("config", { ...environment, NO_PROXY: ".example" }), undefined);
  assert.equal(await proxyOf("proxied", { ...environment, NO_PROXY: "*" }), "http://own.example:3128/");
});
