import assert from "node:assert/strict";
import { test } from "node:test";
import { valueAt } from "../model/json.ts";
import type { Json } from "../model/json.ts";
import type { KubeObject } from "../model/kube-object.ts";
import { refOf } from "../model/kube-object.ts";
import type { Manifest } from "../model/manifest.ts";
import { refLabel } from "../model/object-ref.ts";
import { canaryOf } from "./canary.ts";
import type { Canary } from "./canary.ts";
import { canaryService, isCanary } from "./canary-copies.ts";

function manifest(apiVersion: string, kind: string, name: string, rest: Readonly<Record<string, Json>> = {}): Manifest {
  const { annotations = {}, ...content } = rest;
  const labels = { "plumbline.dev/application": "staging.shop" };
  const object = {
    apiVersion,
    kind,
    metadata: { name, namespace: "shop", labels, annotations },
    ...content,
  } as KubeObject;
  return { ref: refOf(object), object, where: { file: `${name}.yaml` } };
}

interface Parts {
  readonly image?: string;
  readonly replicas?: number;
  readonly strategy?: string;
  readonly pod?: Readonly<Record<string, Json>>;
}

function deployment(
  name: string,
  { image = "a", replicas = 5, strategy = "RollingUpdate", pod = {} }: Parts = {},
): Manifest {
  return manifest("apps/v1", "Deployment", name, {
    annotations: { "plumbline.dev/prune": "false", "plumbline.dev/wave": "2" },
    spec: {
      replicas,
      strategy: { type: strategy },
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name, tier: "x" } },
        spec: { containers: [{ name: "app", image }], ...pod },
      },
    },
  });
}

const config = (kind: string, name: string, value: string): Manifest =>
  manifest("v1", kind, name, { data: { value }, immutable: true });
const service = (name: string, selector: Readonly<Record<string, string>>): Manifest =>
  manifest("v1", "Service", name, {
    spec: { type: "NodePort", clusterIP: "10.0.0.1", selector, ports: [{ port: 80, nodePort: 30080 }] },
  });
const job = (name: string, hook: string | undefined, pod: Readonly<Record<string, Json>> = {}): Manifest =>
  manifest("batch/v1", "Job", name, {
    ...(hook === undefined ? {} : { annotations: { "plumbline.dev/hook": hook } }),
    spec: { template: { spec: { containers: [], ...pod } } },
  });
const reads = (name: string): Readonly<Record<string, Json>> => ({ volumes: [{ name: "c", configMap: { name } }] });

const policy = { share: 20, soakMs: 1000 };
function compose(before: readonly Manifest[], wanted: readonly Manifest[], replicas?: number): Canary | undefined {
  const object = { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web" } };
  const live = (): KubeObject | undefined => (replicas === undefined ? undefined : { ...object, spec: { replicas } });
  return canaryOf(before, wanted, live, policy);
}
const labels = (manifests: readonly Manifest[] | undefined): readonly string[] =>
  (manifests ?? []).map(({ ref }) => refLabel(ref).replace("shop/", ""));
const named = ({ manifests }: Canary, label: string): KubeObject => {
  const found = manifests.find(({ ref }) => `${ref.kind} ${ref.name}` === label);
  assert.ok(found, `${label} is there`);
  return found.object;
};

test("beside a Deployment with a changed template, which stays, stands a copy that the same Services select", () => {
  const old = deployment("web");
  const web = service("web", { app: "web" });
  const canary = compose([old, web], [deployment("web", { image: "b" }), web]);
  assert.ok(canary);
  assert.deepEqual(labels(canary.manifests), [
    "Service web",
    "Service web-canary",
    "Deployment web",
    "Deployment web-canary",
  ]);
  assert.equal(named(canary, "Deployment web"), old.object);
  const deployed = named(canary, "Deployment web-canary");
  assert.deepEqual(
    deployed.metadata.annotations,
    { "plumbline.dev/wave": "2" },
    "it is pruned whatever the original says",
  );
  assert.equal(deployed.metadata.labels?.["plumbline.dev/application"], "staging.shop");
  const own = { app: "web", "plumbline.dev/canary": "true" };
  assert.deepEqual(valueAt(deployed, "spec", "selector", "matchLabels"), own);
  assert.deepEqual(valueAt(deployed, "spec", "template", "metadata", "labels"), { ...own, tier: "x" });
  assert.equal(valueAt(deployed, "spec", "template", "spec", "containers", 0, "image"), "b");
  assert.deepEqual(
    canary.manifests.map(({ object }) => [object.metadata.namespace, isCanary(object)]),
    [
      ["shop", false],
      ["shop", true],
      ["shop", false],
      ["shop", true],
    ],
  );
  assert.equal(named(canary, "Service web-canary").metadata.labels?.["plumbline.dev/application"], "staging.shop");
  assert.deepEqual(labels(canary.later), ["Deployment web"]);
  assert.deepEqual([...canary.services], [["web", "web-canary"]]);
  const copy = named(canary, "Service web-canary");
  assert.deepEqual(
    copy["spec"],
    { selector: own, ports: [{ port: 80 }] },
    "it takes no port and no address of the node",
  );
});

test("the share is of the replicas that there are now, rounded up to whole pods", () => {
  const change = (replicas: number | undefined, live?: number): unknown => {
    const canary = compose(
      [deployment("web", replicas ? { replicas } : {})],
      [deployment("web", { image: "b" })],
      live,
    );
    return canary && [canary.pods, canary.beside, valueAt(named(canary, "Deployment web-canary"), "spec", "replicas")];
  };
  assert.deepEqual(change(5), [1, 5, 1]);
  assert.deepEqual(change(5, 6), [2, 6, 2], "an autoscaler's word counts");
  assert.deepEqual(change(5, 10), [2, 10, 2]);
  assert.equal(change(5, 0), undefined, "nothing runs, so nothing is tried");
});

test("nothing is tried where no pod of a Deployment changes", () => {
  const web = deployment("web");
  assert.equal(compose([], [web]), undefined, "the first delivery");
  assert.equal(compose([web], [deployment("web", { replicas: 7 })]), undefined, "only the replicas change");
  assert.equal(compose([web, config("ConfigMap", "c", "1")], [web, config("ConfigMap", "c", "2")]), undefined);
  const single = (image: string): Manifest => deployment("web", { image, strategy: "Recreate" });
  assert.equal(compose([single("a")], [single("b")]), undefined, "two of them may not run at once");
  const taken = deployment("web-canary");
  assert.equal(compose([web, taken], [deployment("web", { image: "b" }), taken]), undefined, "the name is taken");
  assert.equal(compose([web, taken], [deployment("web", { image: "b" })]), undefined, "and was until now");
});

test("changed configuration stays as it is for the old pods; the canary reads a copy", () => {
  const pod = {
    volumes: [
      { name: "settings", projected: { sources: [{ configMap: { name: "settings" } }, { secret: { name: "key" } }] } },
    ],
    imagePullSecrets: [{ name: "pull" }],
    initContainers: [{ name: "same", envFrom: [{ configMapRef: { name: "same" } }, { secretRef: { name: "key" } }] }],
  };
  const all = (value: string): readonly Manifest[] => [
    config("ConfigMap", "settings", value),
    config("Secret", "key", value),
    config("Secret", "pull", value),
    config("ConfigMap", "unread", value),
    config("ConfigMap", "same", "1"),
  ];
  const canary = compose(
    [deployment("web", { pod }), ...all("1")],
    [deployment("web", { image: "b", pod }), ...all("2")],
  );
  assert.ok(canary);
  assert.equal(valueAt(named(canary, "ConfigMap settings"), "data", "value"), "1");
  assert.deepEqual(named(canary, "ConfigMap settings-canary")["data"], { value: "2" });
  assert.equal(
    named(canary, "ConfigMap settings-canary")["immutable"],
    undefined,
    "the next canary may want another content",
  );
  assert.deepEqual(labels(canary.later), [
    "Deployment web",
    "ConfigMap settings",
    "Secret key",
    "Secret pull",
    "ConfigMap unread",
  ]);
  const spec = valueAt(named(canary, "Deployment web-canary"), "spec", "template", "spec");
  assert.deepEqual(valueAt(spec, "volumes", 0), {
    name: "settings",
    projected: { sources: [{ configMap: { name: "settings-canary" } }, { secret: { name: "key-canary" } }] },
  });
  assert.deepEqual(valueAt(spec, "imagePullSecrets"), [{ name: "pull-canary" }]);
  assert.deepEqual(valueAt(spec, "initContainers", 0, "envFrom"), [
    { configMapRef: { name: "same" } },
    { secretRef: { name: "key-canary" } },
  ]);
  assert.equal(
    canary.manifests.some(({ ref }) => ref.name === "unread-canary"),
    false,
  );
});

test("what is new comes with the canary, and what it reads is changed at once; what else is changed waits", () => {
  const role = (verb: string): Manifest =>
    manifest("rbac.authorization.k8s.io/v1", "Role", "app", { rules: [{ verbs: [verb] }] });
  const sets = (image: string): Manifest => manifest("apps/v1", "StatefulSet", "db", { spec: { image } });
  const canary = compose(
    [deployment("web"), config("ConfigMap", "settings", "1"), role("get"), sets("a"), job("migrate-1", "before")],
    [
      deployment("web", { image: "b", pod: reads("settings") }),
      config("ConfigMap", "settings", "2"),
      role("list"),
      sets("b"),
      job("migrate-2", "before", reads("settings")),
      job("smoke-2", "after", reads("settings")),
      deployment("worker"),
    ],
  );
  assert.ok(canary);
  assert.deepEqual(labels(canary.later), ["Deployment web", "StatefulSet db", "Job smoke-2"]);
  assert.equal(
    valueAt(named(canary, "ConfigMap settings"), "data", "value"),
    "2",
    "a hook runs once, so it must not read the old one",
  );
  assert.equal(valueAt(named(canary, "Role app"), "rules", 0, "verbs", 0), "list");
  assert.equal(valueAt(named(canary, "StatefulSet db"), "spec", "image"), "a");
  const names = labels(canary.manifests);
  assert.ok(names.includes("Job migrate-2") && names.includes("Deployment worker"));
  assert.ok(
    !names.includes("Job smoke-2") && !names.includes("Job migrate-1") && !names.includes("ConfigMap settings-canary"),
  );
});

test("a Service gets a copy only where it selects the canary, and has room for its name", () => {
  const services = [
    service("all", { tier: "x" }),
    service("other", { app: "api" }),
    service("none", {}),
    service("l".repeat(57), { app: "web" }),
    manifest("v1", "Service", "bare", { spec: {} }),
  ];
  const canary = compose([deployment("web"), ...services], [deployment("web", { image: "b" }), ...services]);
  assert.deepEqual([...(canary?.services ?? [])], [["all", "all-canary"]]);
  const longest = service("m".repeat(56), { app: "web" });
  const fits = compose([deployment("web"), longest], [deployment("web", { image: "b" }), longest]);
  assert.equal(fits?.services.get(longest.ref.name)?.length, 63);
});

test("a copy is of the same namespace and application, and known by its label", () => {
  const web = service("web", { app: "web" });
  const canary = compose([deployment("web"), web], [deployment("web", { image: "b" }), web]);
  assert.ok(canary);
  const { metadata } = named(canary, "Service web-canary");
  assert.equal(metadata.namespace, "shop");
  assert.deepEqual(metadata.labels, { "plumbline.dev/application": "staging.shop", "plumbline.dev/canary": "true" });
  assert.ok(isCanary(named(canary, "Service web-canary")));
  assert.ok(!isCanary(named(canary, "Service web")));
  const { namespace: _, labels: __, ...bare } = web.object.metadata;
  const copied = canaryService({ ...web, object: { ...web.object, metadata: bare } }).object.metadata;
  assert.deepEqual(Object.keys(copied), ["name", "labels"]);
  assert.deepEqual(copied.labels, { "plumbline.dev/canary": "true" });
});

test("only Deployments are tried; a hook that runs after all of it changes nothing for the canary", () => {
  const set = (image: string): Manifest => {
    const { object, ...rest } = deployment("db", { image });
    return { ...rest, ref: { ...rest.ref, kind: "StatefulSet" }, object: { ...object, kind: "StatefulSet" } };
  };
  assert.equal(compose([set("a")], [set("b")]), undefined);
  const pod = reads("settings");
  const canary = compose(
    [deployment("web", { pod }), config("ConfigMap", "settings", "1")],
    [deployment("web", { image: "b", pod }), config("ConfigMap", "settings", "2"), job("smoke", "after", pod)],
  );
  assert.ok(canary?.manifests.some(({ ref }) => ref.name === "settings-canary"));
});

test("accounts are changed at once, and Services wait", () => {
  const account = (value: string): Manifest => manifest("v1", "ServiceAccount", "app", { secrets: [{ name: value }] });
  const canary = compose(
    [deployment("web"), account("a"), service("web", { app: "web" })],
    [deployment("web", { image: "b" }), account("b"), service("web", { app: "web", tier: "x" })],
  );
  assert.deepEqual(labels(canary?.later), ["Deployment web", "Service web"]);
  assert.deepEqual(valueAt(canary && named(canary, "Service web-canary"), "spec", "selector"), {
    app: "web",
    tier: "x",
    "plumbline.dev/canary": "true",
  });
});
