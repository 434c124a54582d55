import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type KubectlCluster, skip, startKubectlCluster } from "./kubectl-in-test.ts";

let clusters: KubectlCluster;
before(async () => {
  if (skip === false) clusters = await startKubectlCluster();
});
after(() => clusters?.stop());

const manifest = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 0
  minReadySeconds: 5
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: "example.test/web:v1", ports: [{containerPort: 8080}]}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, labels: {kept: "yes"}}
data: {a: b}
`;
const both = (did: string): string => `deployment.apps/web ${did}\nconfigmap/settings ${did}\n`;

test(
  "apply --server-side: again without a change, with a conflict, and by force; diff --server-side",
  { skip },
  async () => {
    const kubectl = await clusters.in("server-side");
    const file = await kubectl.file("server-side.yaml", manifest);
    assert.equal(await kubectl.ok("apply", "--server-side", "-f", file), both("serverside-applied"));
    const version = ["get", "configmap", "settings", "-o", "jsonpath={.metadata.resourceVersion}"];
    const first = await kubectl.ok(...version);
    await kubectl.ok("apply", "--server-side", "-f", file);
    assert.equal(await kubectl.ok(...version), first);
    assert.equal(await kubectl.ok("diff", "--server-side", "-f", file), "");

    const theirs = await kubectl.file("theirs.yaml", manifest.replace("a: b", "a: c"));
    const differs = await kubectl("diff", "--server-side", "--field-manager=they", "--force-conflicts", "-f", theirs);
    assert.deepEqual([differs.code, /^- {2}a: b\n\+ {2}a: c$/m.test(differs.out)], [1, true], differs.error);
    const refused = await kubectl("apply", "--server-side", "--field-manager=they", "-f", theirs);
    assert.equal(refused.code, 1);
    assert.match(refused.error, /Apply failed with 1 conflict: conflict with "kubectl": \.data\.a/);
    await kubectl.ok("apply", "--server-side", "--field-manager=they", "--force-conflicts", "-f", theirs);
    assert.equal(await kubectl.ok("get", "cm", "settings", "-o", "jsonpath={.data.a}"), "c");
  },
);

test(
  "apply on the client's side: a field taken out goes, a misspelt one is refused; diff; --prune",
  { skip },
  async () => {
    const kubectl = await clusters.in("client-side");
    const file = await kubectl.file("client-side.yaml", manifest);
    assert.equal(await kubectl.ok("apply", "-f", file), both("created"));
    assert.equal(await kubectl.ok("apply", "-f", file), both("unchanged"));
    assert.equal(await kubectl.ok("diff", "-f", file), "");
    await kubectl.file("client-side.yaml", manifest.replace("  minReadySeconds: 5\n", ""));
    assert.match((await kubectl("diff", "-f", file)).out, /^- {2}minReadySeconds: 5$/m);
    assert.equal(
      await kubectl.ok("apply", "-f", file),
      "deployment.apps/web configured\nconfigmap/settings unchanged\n",
    );
    assert.equal(await kubectl.ok("get", "deploy", "web", "-o", "jsonpath={.spec.minReadySeconds}"), "");

    await kubectl.file("client-side.yaml", manifest.replace("replicas: 0", "replica: 0"));
    const wrong = await kubectl("apply", "-f", file);
    assert.deepEqual([wrong.code, /unknown field "spec\.replica"/.test(wrong.error)], [1, true], wrong.error);

    const less = await kubectl.file("less.yaml", manifest.split("---")[1]?.replace("settings", "other") ?? "");
    const pruned = await kubectl(
      "apply",
      "-f",
      less,
      "--prune",
      "-l",
      "kept=yes",
      "--prune-allowlist=core/v1/ConfigMap",
    );
    assert.match(pruned.out, /configmap\/settings pruned/, pruned.error);
  },
);

test(
  "get: wide, yaml, json, jsonpath, columns, name, selectors, all namespaces, and what there is not",
  { skip },
  async () => {
    const kubectl = await clusters.in("getting");
    await kubectl.ok("apply", "--server-side", "-f", await kubectl.file("getting.yaml", manifest));
    const wide = await kubectl.ok("get", "deployment", "web", "-o", "wide");
    assert.match(wide, /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE +CONTAINERS +IMAGES +SELECTOR\n/);
    assert.match(wide, /web +0\/0 +0 +0 +\d+s +web +example\.test\/web:v1 +app=web\n$/);
    assert.match(
      await kubectl.ok("get", "cm", "settings", "-o", "yaml"),
      /^apiVersion: v1\ndata:\n {2}a: b\nkind: ConfigMap\n/,
    );
    const list = JSON.parse(await kubectl.ok("get", "deploy,cm", "-o", "json")) as {
      readonly items: readonly { kind: string }[];
    };
    assert.deepEqual(
      list.items.map(({ kind }) => kind),
      ["Deployment", "ConfigMap", "ConfigMap"],
    );
    assert.equal(await kubectl.ok("get", "deploy", "web", "-o", "jsonpath={.spec.selector.matchLabels.app}"), "web");
    assert.equal(
      await kubectl.ok("get", "cm", "-l", "kept", "-o", "custom-columns=WHAT:.metadata.name,A:.data.a"),
      "WHAT       A\nsettings   b\n",
    );
    assert.equal(await kubectl.ok("get", "cm", "-l", "kept=yes", "-o", "name"), "configmap/settings\n");
    assert.equal(
      await kubectl.ok("get", "cm", "--field-selector", "metadata.name=settings", "-o", "name"),
      "configmap/settings\n",
    );
    assert.match(
      await kubectl.ok("get", "cm", "-A", "-L", "kept"),
      /^NAMESPACE +NAME +DATA +AGE +KEPT\n(.*\n)*getting +settings +1 +\d+s +yes\n/,
    );
    assert.match(await kubectl.ok("get", "all"), /^NAME +READY .*\ndeployment\.apps\/web /);
    assert.match(await kubectl.ok("get", "nodes"), /Ready +control-plane/);
    assert.match((await kubectl("get", "foos")).error, /the server doesn't have a resource type "foos"/);
    assert.match(
      (await kubectl("get", "cm", "nope")).error,
      /Error from server \(NotFound\): configmaps "nope" not found/,
    );
    assert.match((await kubectl("get", "secrets")).error, /No resources found in getting namespace\./);
  },
);

test("get --watch shows changes as they come", { skip }, async () => {
  const kubectl = await clusters.in("watching");
  await kubectl.ok("create", "configmap", "first");
  const seen = kubectl.until("configmap/second", "get", "configmaps", "--watch", "-o", "name");
  await kubectl.ok("create", "configmap", "second");
  assert.match(await seen, /configmap\/first\n/);
});

test("create: from a file, and each typed sub-command, whose bodies are protobuf", { skip }, async () => {
  const kubectl = await clusters.in("creating");
  assert.equal(await kubectl.ok("create", "-f", await kubectl.file("creating.yaml", manifest)), both("created"));
  const image = "--image=example.test/sh:1";
  const commands: Readonly<Record<string, readonly string[]>> = {
    "configmap/c": ["configmap", "c", "--from-literal=a=b"],
    "secret/s": ["secret", "generic", "s", "--from-literal=a=b"],
    "serviceaccount/sa": ["serviceaccount", "sa"],
    "deployment.apps/d": ["deployment", "d", image, "--replicas=0"],
    "job.batch/j": ["job", "j", image, "--", "true"],
    "cronjob.batch/cj": ["cronjob", "cj", image, "--schedule=0 0 1 1 *"],
    "service/svc": ["service", "clusterip", "svc", "--tcp=80:8080"],
    "ingress.networking.k8s.io/i": ["ingress", "i", "--rule=a.test/*=svc:80"],
    "resourcequota/q": ["quota", "q", "--hard=pods=5,requests.cpu=2"],
    "poddisruptionbudget.policy/b": ["pdb", "b", "--selector=app=d", "--min-available=50%"],
    "role.rbac.authorization.k8s.io/r": ["role", "r", "--verb=get", "--resource=pods"],
    "rolebinding.rbac.authorization.k8s.io/rb": ["rolebinding", "rb", "--role=r", "--user=u"],
    "priorityclass.scheduling.k8s.io/urgent": ["priorityclass", "urgent", "--value=5"],
  };
  for (const [made, args] of Object.entries(commands))
    assert.equal(await kubectl.ok("create", ...args), `${made} created\n`);
  assert.equal(await kubectl.ok("get", "secret", "s", "-o", "jsonpath={.data.a}"), "Yg==");
  assert.equal(await kubectl.ok("get", "pdb", "b", "-o", "jsonpath={.spec.minAvailable}"), "50%");
  assert.match(await kubectl.ok("get", "ingress", "i"), /^i +<none> +a\.test +/m);
  const again = await kubectl("create", "configmap", "c");
  assert.deepEqual(
    [again.code, again.error],
    [1, 'error: failed to create configmap: configmaps "c" already exists\n'],
  );
  assert.match((await kubectl("create", "token", "sa")).error, /the server could not find the requested resource/);
});

test("patch of three types, label, annotate, set, replace and edit", { skip }, async () => {
  const kubectl = await clusters.in("changing");
  await kubectl.ok("create", "-f", await kubectl.file("changing.yaml", manifest));
  const patch = (type: string, body: string) => kubectl.ok("patch", "deploy", "web", `--type=${type}`, "-p", body);
  const ports = '{"spec":{"template":{"spec":{"containers":[{"name":"web","env":[{"name":"A","value":"1"}]}]}}}}';
  assert.equal(await patch("strategic", ports), "deployment.apps/web patched\n");
  assert.equal(await patch("strategic", ports), "deployment.apps/web patched (no change)\n");
  await patch("merge", '{"metadata":{"labels":{"x":"y"}},"spec":{"minReadySeconds":null}}');
  await patch(
    "json",
    '[{"op":"test","path":"/metadata/labels/x","value":"y"},{"op":"remove","path":"/metadata/labels/x"}]',
  );
  const look = "jsonpath={.metadata.labels} {.spec.minReadySeconds} {.spec.template.spec.containers[0].env}";
  const seen = await kubectl.ok("get", "deploy", "web", "-o", look);
  assert.equal(seen, '  [{"name":"A","value":"1"}]');

  assert.equal(await kubectl.ok("label", "cm", "settings", "x=y"), "configmap/settings labeled\n");
  const taken = await kubectl("label", "cm", "settings", "x=z");
  assert.match(taken.error, /'x' already has a value \(y\), and --overwrite is false/);
  assert.equal(await kubectl.ok("label", "cm", "settings", "x-"), "configmap/settings unlabeled\n");
  assert.equal(await kubectl.ok("annotate", "cm", "settings", "note=1"), "configmap/settings annotated\n");
  assert.equal(
    await kubectl.ok("set", "image", "deploy/web", "web=example.test/web:v2"),
    "deployment.apps/web image updated\n",
  );
  assert.equal(await kubectl.ok("set", "env", "deploy/web", "B=2"), "deployment.apps/web env updated\n");

  const file = await kubectl.file("changing.yaml", manifest.replace("a: b", "a: replaced"));
  assert.equal(await kubectl.ok("replace", "-f", file), both("replaced"));
  await kubectl.file("editor", '#!/bin/sh\nsed -i "s/a: replaced/a: edited/" "$1"\n');
  assert.equal(await kubectl.ok("edit", "configmap", "settings"), "configmap/settings edited\n");
  assert.equal(await kubectl.ok("get", "cm", "settings", "-o", "jsonpath={.data.a}"), "edited");
  assert.match((await kubectl("edit", "configmap", "settings")).error, /Edit cancelled, no changes made/);
});

test(
  "what the server is and serves: version, explain, api-resources, api-versions, cluster-info, auth, and what it refuses",
  { skip },
  async () => {
    const kubectl = await clusters.in("asking");
    assert.match((await kubectl("version")).out, /^Server Version: v1\.34/m);
    assert.match(
      await kubectl.ok("cluster-info"),
      /Kubernetes control plane.* is running at .*https:\/\/127\.0\.0\.1:/,
    );
    assert.match(await kubectl.ok("api-versions"), /^apps\/v1\n(.*\n)*v1\n$/m);
    const resources = await kubectl.ok("api-resources", "-o", "wide");
    assert.match(
      resources,
      /^deployments +deploy +apps\/v1 +true +Deployment +create,delete,deletecollection,get,list,patch,update,watch +all$/m,
    );
    assert.match(await kubectl.ok("explain", "deployment.spec.strategy"), /rollingUpdate\s+<RollingUpdateDeployment>/);
    assert.match(
      await kubectl.ok("explain", "pod", "--recursive"),
      /^ {2}spec\t<PodSpec>\n {4}activeDeadlineSeconds\t<integer>\n/m,
    );
    assert.match((await kubectl("explain", "pod.nope")).error, /field "nope" does not exist/);
    assert.equal(await kubectl.ok("auth", "can-i", "create", "deployments"), "yes\n");
    assert.match(await kubectl.ok("auth", "whoami"), /Groups +\[system:masters system:authenticated\]/);
    assert.match((await kubectl("top", "pods")).error, /Metrics API not available/);
    await kubectl.ok("create", "-f", await kubectl.file("asking.yaml", manifest));
    const autoscaled = await kubectl("autoscale", "deployment", "web", "--max=3");
    assert.match(autoscaled.error, /could not find the requested resource/, "only autoscaling/v2 is served");
    assert.match((await kubectl("certificate", "approve", "x")).error, /doesn't have a resource type/);
  },
);

test("a namespace is deleted with what is in it", { skip }, async () => {
  const kubectl = await clusters.in("team");
  await kubectl.ok("create", "-f", await kubectl.file("team.yaml", manifest));
  assert.equal((await kubectl("delete", "namespace", "team", "--timeout=20s")).out, 'namespace "team" deleted\n');
  assert.match((await kubectl("get", "ns", "team")).error, /namespaces "team" not found/);
  assert.match((await kubectl("create", "configmap", "late")).error, /namespaces "team" not found/);
});
