import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { parseAllDocuments } from "yaml";
import { valueAt } from "../../model/json.ts";
import type { Json, JsonObject } from "../../model/json.ts";
import { packageFile } from "../package-root.ts";
import { manifestsText } from "./install.ts";
import { parseResource, usualResources } from "./kinds.ts";
import { examples } from "./settings.ts";
import type { InstallPart, InstallSettings } from "./settings.ts";

const base: InstallSettings = {
  repository: "https://git.example/team/deployment.git",
  branch: "main",
  image: `registry.example/plumbline/engine@sha256:${"0".repeat(64)}`,
  namespace: "plumbline-system",
  scope: "cluster",
  namespaces: [],
  resources: usualResources,
  credentials: "git",
  replicas: 2,
};

function objects(different: Partial<InstallSettings> = {}, part: InstallPart = "all"): readonly JsonObject[] {
  const text = manifestsText({ ...base, ...different }, part);
  return parseAllDocuments(text).map((document) => document.toJS() as JsonObject);
}

function rulesOf(object: JsonObject): readonly JsonObject[] {
  return (object["rules"] ?? []) as readonly JsonObject[];
}

/** PLUMB_UPDATE=1 writes the files anew. */
test("deploy/ holds what `plumb install` prints", () => {
  for (const [name, example] of Object.entries(examples)) {
    const file = packageFile("deploy", name);
    const text = `# Printed by plumb install; image and repository are yours to fill in. See docs/guides/kubernetes.md.\n${manifestsText({ ...base, ...example }, "all")}`;
    if (process.env["PLUMB_UPDATE"]) writeFileSync(file, text);
    assert.equal(readFileSync(file, "utf8"), text, `${file}: print it again with PLUMB_UPDATE=1`);
  }
});

test("no right is given by a wildcard, and none to run, to act as others, or to change rights", () => {
  for (const scope of ["cluster", "namespaces"] as const) {
    for (const object of objects({ scope, namespaces: ["shop"] })) {
      for (const rule of rulesOf(object)) {
        const [groups, resources, verbs] = ["apiGroups", "resources", "verbs"].map(
          (key) => rule[key] as readonly string[],
        );
        assert.ok(![...(groups ?? []), ...(resources ?? []), ...(verbs ?? [])].includes("*"));
        assert.ok(!groups?.includes("rbac.authorization.k8s.io"));
        assert.ok(
          !resources?.some((one) => /^pods\/|^nodes|^serviceaccounts\/|token|impersonat/.test(one)),
          String(resources),
        );
        assert.ok(!verbs?.some((verb) => ["impersonate", "escalate", "bind", "deletecollection"].includes(verb)));
      }
    }
  }
});

test("logs may be read only where that is asked for", () => {
  for (const scope of ["cluster", "namespaces"] as const) {
    const rules = objects({ scope, namespaces: ["shop"], readLogs: true }).flatMap(rulesOf);
    const ofPods = rules.filter(({ resources }) =>
      (resources as readonly string[]).some((one) => one.startsWith("pods/")),
    );
    assert.deepEqual(ofPods, [{ apiGroups: [""], resources: ["pods/log"], verbs: ["get"] }]);
  }
});

test("with the scope of namespaces nothing beyond seeing namespaces is given for the whole cluster", () => {
  const printed = objects({ scope: "namespaces", namespaces: ["shop", "plumbline-system"] });
  const whole = printed.filter(({ kind }) => kind === "ClusterRole").flatMap(rulesOf);
  assert.ok(whole.every(({ resources }) => JSON.stringify(resources) === '["namespaces"]'));
  const writing = whole.filter(({ verbs }) =>
    (verbs as readonly string[]).some((verb) => !["get", "list", "watch"].includes(verb)),
  );
  assert.deepEqual(
    writing.map(({ resourceNames }) => resourceNames),
    [["plumbline-system", "shop"]],
  );
  const roles = printed
    .filter(({ kind }) => kind === "Role")
    .map((role) => valueAt(role, "metadata", "namespace") as string);
  assert.deepEqual(roles.toSorted(), ["plumbline-system", "plumbline-system", "shop"]);
  const namespaces = printed.filter(({ kind }) => kind === "Namespace").map((one) => valueAt(one, "metadata", "name"));
  assert.deepEqual(namespaces, ["plumbline-system", "shop"], "each is printed once");
});

test("what may lie in Git holds no rights, and both parts together are all", () => {
  const kinds = (part: InstallPart): readonly (Json | undefined)[] => objects({}, part).map(({ kind }) => kind);
  assert.deepEqual(kinds("engine"), ["NetworkPolicy", "Service", "PodDisruptionBudget", "Deployment"]);
  assert.deepEqual([...kinds("rights"), ...kinds("engine")], kinds("all"));
});

test("who is told is named with a Secret, and can be reached", () => {
  const told = { forgeToken: "forge", notifyUrl: new URL("https://chat.example.com:8443/hook"), notifySecret: "chat" };
  const text = manifestsText({ ...base, ...told, pageUrl: "https://page.example.com/" }, "all");
  for (const part of [
    "--forge-token=/etc/plumbline/forge/token",
    "--notify-url=https://chat.example.com:8443/hook",
    "--notify-secret=/etc/plumbline/notify/secret",
    "--page-url=https://page.example.com/",
    "secretName: forge",
    "secretName: chat",
    "port: 8443",
  ])
    assert.ok(text.includes(part), part);
});

test("webhooks are heard only where a Secret for them is named", () => {
  const text = manifestsText({ ...base, webhook: "hook" }, "all");
  for (const part of [
    "--webhook-port=8482",
    "--webhook-secret=/etc/plumbline/webhook/secret",
    "plumbline-webhook",
    "secretName: hook",
  ])
    assert.ok(text.includes(part), part);
  const policy = objects({ webhook: "hook" }).find(({ kind }) => kind === "NetworkPolicy");
  assert.deepEqual(valueAt(policy, "spec", "ingress", 0, "ports", 1, "port"), 8482);
  assert.doesNotMatch(manifestsText(base, "all"), /webhook/);
});

test("who may sign, keys and accounts are mounted from the Secrets that are named for them", () => {
  const named = {
    webhook: "hook",
    allowedSigners: "signers",
    allowedKeys: "gpg",
    allowedImageKeys: "images",
    signingKey: "own-key",
    registryCredentials: "pull",
    requireSigned: true,
    requireSignedImages: true,
  };
  const pod = valueAt(
    objects(named).find(({ kind }) => kind === "Deployment"),
    "spec",
    "template",
    "spec",
  );
  const args = valueAt(pod, "containers", 0, "args") as readonly string[];
  for (const arg of [
    "--credentials=/etc/plumbline/git",
    "--allowed-signers=/etc/plumbline/allowed-signers/allowed_signers",
    "--allowed-keys=/etc/plumbline/allowed-keys/keys.gpg",
    "--allowed-image-keys=/etc/plumbline/image-keys",
    "--signing-key=/etc/plumbline/signing-key/identity",
    "--registry-credentials=/etc/plumbline/registries",
    "--require-signed",
    "--require-signed-images",
  ])
    assert.ok(args.includes(arg), arg);
  const volumes = valueAt(pod, "volumes") as readonly JsonObject[];
  const secrets = volumes.map((volume) => valueAt(volume, "secret", "secretName") ?? null);
  assert.deepEqual(secrets, [null, null, "git", "signers", "gpg", "images", "own-key", "pull", "hook"]);
  const items = valueAt(volumes[7] ?? null, "secret", "items");
  assert.deepEqual(items, [{ key: ".dockerconfigjson", path: "config.json" }], "as docker names it");
  const mounts = valueAt(pod, "containers", 0, "volumeMounts") as readonly JsonObject[];
  assert.deepEqual(
    mounts.map(({ name }) => name),
    volumes.map(({ name }) => name),
  );
  // Each argument is an option that the engine has, and each path is below a mount.
  for (const arg of args.filter((one) => one.includes("/etc/plumbline"))) {
    assert.ok(
      mounts.some(({ mountPath }) => typeof mountPath === "string" && arg.includes(`=${mountPath}`)),
      arg,
    );
  }
});

test("the way out is open to the port of the repository, and no credentials are mounted where none are named", () => {
  const ports = (repository: string): Json | undefined => {
    const policy = objects({ repository }).find(({ kind }) => kind === "NetworkPolicy");
    return (valueAt(policy, "spec", "egress", 0, "ports") as readonly JsonObject[]).map(({ port }) => port ?? null);
  };
  assert.deepEqual(ports("https://git.example:8443/x.git"), [53, 53, 443, 6443, 8443]);
  assert.deepEqual(ports("git@git.example:x.git"), [53, 53, 22, 443, 6443]);
  const { credentials: _, ...open } = base;
  assert.doesNotMatch(manifestsText(open, "all"), /credentials|secretName/);
});

test("further resources are named as kubectl names them", () => {
  assert.deepEqual(parseResource("certificates.cert-manager.io"), {
    group: "cert-manager.io",
    resource: "certificates",
  });
  assert.deepEqual(parseResource("endpoints"), { group: "", resource: "endpoints" });
  for (const wrong of ["", "*", "pods/exec", "A.b", "x.*"]) assert.throws(() => parseResource(wrong), /is no resource/);
});
