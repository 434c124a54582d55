import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Kubectl, type KubectlCluster, skip, startKubectlCluster } from "./kubectl-in-test.ts";

let clusters: KubectlCluster;
before(async () => {
  if (skip === false) clusters = await startKubectlCluster();
});
after(() => clusters?.stop());

const web = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 5
      containers:
        - name: web
          image: example.test/web:v1
          ports: [{containerPort: 8080}]
          readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec: {rules: [{host: web.test, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]}
`;
const done = 'deployment "web" successfully rolled out\n';

async function rolledOut(namespace: string): Promise<Kubectl> {
  const kubectl = await clusters.in(namespace);
  await kubectl.ok("apply", "-f", await kubectl.file(`${namespace}.yaml`, web));
  assert.ok((await kubectl.ok("rollout", "status", "deploy/web", "--timeout=30s")).endsWith(done));
  return kubectl;
}

test("describe: deployment, pod, service, ingress, node", { skip }, async () => {
  const kubectl = await rolledOut("describing");
  const deployment = await kubectl.ok("describe", "deployment", "web");
  assert.match(deployment, /^Replicas: +2 desired \| 2 updated \| 2 total \| 2 available \| 0 unavailable$/m);
  assert.match(deployment, /^RollingUpdateStrategy: +25% max unavailable, 25% max surge$/m);
  assert.match(
    deployment,
    /^ {2}Available +True +MinimumReplicasAvailable\n {2}Progressing +True +NewReplicaSetAvailable$/m,
  );
  assert.match(
    deployment,
    /Normal +ScalingReplicaSet +\S+ +deployment-controller +Scaled up replica set web-\w+ from 0 to 2$/m,
  );
  const pod = await kubectl.ok("describe", "pod", "-l", "app=web");
  assert.match(pod, /^Controlled By: +ReplicaSet\/web-/m);
  assert.match(pod, /^ {4}State: +Running\n {6}Started: .*\n {4}Ready: +True\n {4}Restart Count: +0$/m);
  assert.match(pod, /^ {4}Readiness: +http-get http:\/\/:8080\/ delay=0s timeout=1s period=1s #success=1 #failure=3$/m);
  for (const reason of ["Scheduled", "Pulled", "Created", "Started"])
    assert.match(pod, new RegExp(`Normal +${reason} `));
  const [one, two] = (await kubectl.ok("get", "pods", "-o", "jsonpath={.items[*].status.podIP}")).split(" ");
  const endpoints = `(${one}:8080,${two}:8080|${two}:8080,${one}:8080)`;
  assert.match(await kubectl.ok("describe", "service", "web"), new RegExp(`^Endpoints: +${endpoints}$`, "m"));
  assert.match(
    await kubectl.ok("describe", "ingress", "web"),
    new RegExp(`web\\.test +\\n +/ +web:80 \\(${endpoints}\\)$`, "m"),
  );
  const node = await kubectl.ok("describe", "node");
  assert.match(node, /^ {2}Ready +True .* KubeletReady +kubelet is posting ready status$/m);
  assert.match(node, /^ {2}describing +web-/m);
  assert.match(
    await kubectl.ok("get", "pods", "-o", "wide"),
    /^web-\S+ +1\/1 +Running +0 +\d+s +127\.\S+ +plumbline +<none> +<none>$/m,
  );
});

test("rollout: status, history, undo, pause, resume, restart; set image, scale, events", { skip }, async () => {
  const kubectl = await rolledOut("rolling");
  const status = () => kubectl.ok("rollout", "status", "deploy/web", "--timeout=30s");
  await kubectl.ok("set", "image", "deploy/web", "web=example.test/web:v2");
  await kubectl.ok("annotate", "deploy/web", "kubernetes.io/change-cause=version two");
  assert.match(
    await status(),
    // Which steps are seen depends on how soon it is asked.
    /(new replicas have been updated|old replicas are pending termination)\.\.\.\n(.*\n)*deployment "web" successfully rolled out\n$/,
  );
  const history = await kubectl.ok("rollout", "history", "deploy/web");
  assert.equal(history, "deployment.apps/web \nREVISION  CHANGE-CAUSE\n1         <none>\n2         version two\n\n");
  const second = await kubectl.ok("rollout", "history", "deploy/web", "--revision=2");
  assert.match(
    second,
    /^deployment\.apps\/web with revision #2\nPod Template:\n(.*\n)* {4}Image:\texample\.test\/web:v2\n/,
  );
  assert.equal(await kubectl.ok("rollout", "undo", "deploy/web"), "deployment.apps/web rolled back\n");
  await status();
  const image = "jsonpath={.spec.template.spec.containers[0].image}";
  assert.equal(await kubectl.ok("get", "deploy", "web", "-o", image), "example.test/web:v1");
  assert.match(await kubectl.ok("rollout", "history", "deploy/web"), /^2 .*\n3 /m);

  assert.equal(await kubectl.ok("rollout", "pause", "deploy/web"), "deployment.apps/web paused\n");
  await kubectl.ok("set", "image", "deploy/web", "web=example.test/web:v2");
  assert.match((await kubectl("rollout", "restart", "deploy/web")).error, /can't restart paused deployment/);
  await kubectl.ok("wait", "--for=condition=Progressing=Unknown", "deploy/web", "--timeout=10s");
  assert.equal(await kubectl.ok("rollout", "resume", "deploy/web"), "deployment.apps/web resumed\n");
  await status();
  assert.equal(await kubectl.ok("rollout", "restart", "deploy/web"), "deployment.apps/web restarted\n");
  await status();
  assert.match(await kubectl.ok("get", "deploy", "web", "-o", "yaml"), /kubectl\.kubernetes\.io\/restartedAt: "20/);

  assert.equal(await kubectl.ok("scale", "deploy", "web", "--replicas=1"), "deployment.apps/web scaled\n");
  const wrong = await kubectl("scale", "deploy", "web", "--replicas=3", "--current-replicas=7");
  assert.match(wrong.error, /Expected replicas to be 7, was 1/);
  assert.match(
    await kubectl.ok("events", "--for=deploy/web"),
    /ScalingReplicaSet +Deployment\/web +Scaled up replica set/,
  );
  assert.match(
    await kubectl.ok("get", "events", "--field-selector=reason=Scheduled"),
    /Successfully assigned rolling\/web-/,
  );
});

const pod = (name: string, script: string, restartPolicy = "Always") => `
apiVersion: v1
kind: Pod
metadata: {name: ${name}, labels: {app: talker}}
spec:
  restartPolicy: ${restartPolicy}
  terminationGracePeriodSeconds: 30
  containers: [{name: c, image: "example.test/sh:1", command: [sh, -c, ${JSON.stringify(script)}]}]
`;

test(
  "logs: whole, of a job, --tail, -l, -f, --previous; wait for a condition, a value and the end; describe job",
  { skip },
  async () => {
    const kubectl = await clusters.in("talking");
    await kubectl.ok("create", "job", "once", "--image=example.test/sh:1", "--", "sh", "-c", "echo one; echo two");
    assert.equal(
      await kubectl.ok("wait", "--for=condition=complete", "job/once", "--timeout=20s"),
      "job.batch/once condition met\n",
    );
    assert.equal(await kubectl.ok("logs", "job/once"), "one\ntwo\n");
    assert.equal(await kubectl.ok("logs", "job/once", "--tail=1"), "two\n");
    assert.match(await kubectl.ok("logs", "job/once", "--timestamps", "--tail=1"), /^20\d\d-\S+Z two\n$/);
    const job = await kubectl.ok("describe", "job", "once");
    assert.match(job, /^Pods Statuses: +0 Active \(0 Ready\) \/ 1 Succeeded \/ 0 Failed$/m);
    assert.match(job, /Normal +SuccessfulCreate +\S+ +job-controller +Created pod: once-/);

    // It says a line when it is told to, and stays until the grace is over, so that whoever follows by then hears it.
    const script = "echo started; trap 'echo told' TERM; while :; do sleep 0.1; done";
    await kubectl.ok("create", "-f", await kubectl.file("talker.yaml", pod("talker", script)));
    const waited = await kubectl.ok("wait", "--for=jsonpath={.status.phase}=Running", "pod/talker", "--timeout=20s");
    assert.equal(waited, "pod/talker condition met\n");
    assert.match(await kubectl.until("started", "logs", "-f", "talker"), /^started\n$/);
    assert.match(await kubectl.ok("logs", "-l", "app=talker", "--prefix"), /^\[pod\/talker\/c\] started\n$/);
    assert.match(
      (await kubectl("logs", "talker", "--previous")).error,
      /previous terminated container "c" in pod "talker" not found/,
    );
    await kubectl.ok(
      "create",
      "-f",
      await kubectl.file("again.yaml", pod("again", "test -e seen && sleep 60; touch seen; echo first run; exit 1")),
    );
    await kubectl.ok(
      "wait",
      "--for=jsonpath={.status.containerStatuses[0].restartCount}=1",
      "pod/again",
      "--timeout=30s",
    );
    assert.equal(await kubectl.ok("logs", "again", "--previous"), "first run\n");

    const following = kubectl.until("told", "logs", "-f", "talker");
    assert.equal(
      await kubectl.ok("delete", "pod", "talker", "--grace-period=3", "--wait=false"),
      'pod "talker" deleted\n',
    );
    assert.match(await following, /told\n$/);
    assert.equal((await kubectl("wait", "--for=delete", "pod/talker", "--timeout=20s")).code, 0);
    const never = await kubectl("wait", "--for=condition=Ready", "pod", "-l", "app=none", "--timeout=1s");
    assert.match(never.error, /no matching resources found/);
  },
);

test("delete: with every cascade, and by force", { skip }, async () => {
  const kubectl = await rolledOut("deleting");
  const names = (what: string) => kubectl.ok("get", what, "-l", "app=web", "-o", "name");
  const [set = ""] = (await names("rs")).trim().split("\n");
  const deleted = 'deployment.apps "web" deleted\n';
  assert.equal(await kubectl.ok("delete", "deploy", "web", "--cascade=orphan"), deleted);
  assert.equal(await kubectl.ok("get", set, "-o", "jsonpath={.metadata.ownerReferences}{.spec.replicas}"), "2");
  // The same Deployment takes its set back, with its pods.
  const pods = await names("pods");
  await kubectl.ok("apply", "-f", await kubectl.file("deleting.yaml", web));
  await kubectl.ok("rollout", "status", "deploy/web", "--timeout=30s");
  assert.equal(await names("pods"), pods);

  assert.equal(await kubectl.ok("delete", "deploy", "web", "--cascade=foreground"), deleted);
  assert.equal(await names("rs"), "", "in the foreground, the owner goes last");

  await kubectl.ok("apply", "-f", await kubectl.file("deleting.yaml", web));
  await kubectl.ok("rollout", "status", "deploy/web", "--timeout=30s");
  assert.equal(await kubectl.ok("delete", "deploy", "web", "--cascade=background"), deleted);
  await kubectl("wait", "--for=delete", "pods", "-l", "app=web", "--timeout=20s");
  assert.equal(await names("pods"), "");

  const stubborn = pod("stubborn", "trap '' TERM; echo here; while :; do sleep 1; done");
  await kubectl.ok("create", "-f", await kubectl.file("stubborn.yaml", stubborn));
  await kubectl.until("here", "logs", "-f", "stubborn", "--pod-running-timeout=20s");
  const forced = await kubectl("delete", "pod", "stubborn", "--force", "--grace-period=0");
  assert.match(forced.out, /^pod "stubborn" force deleted\n$/);
  assert.match(forced.error, /Immediate deletion does not wait for confirmation/);
  assert.match((await kubectl("get", "pod", "stubborn")).error, /pods "stubborn" not found/);
});

test("the node: taint, cordon, drain, uncordon", { skip }, async () => {
  const kubectl = await rolledOut("draining");
  assert.equal(await kubectl.ok("taint", "nodes", "plumbline", "k=v:NoSchedule"), "node/plumbline tainted\n");
  assert.equal(await kubectl.ok("taint", "nodes", "plumbline", "k-"), "node/plumbline untainted\n");
  const budget = ["create", "pdb", "web", "--selector=app=web", "--min-available=100%"];
  await kubectl.ok(...budget);
  await kubectl.ok("wait", "--for=jsonpath={.status.currentHealthy}=2", "pdb/web", "--timeout=10s");
  const held = await kubectl("drain", "plumbline", "--pod-selector=app=web", "--timeout=1s");
  assert.match(held.error, /Cannot evict pod as it would violate the pod's disruption budget/);
  assert.match(await kubectl.ok("get", "nodes"), /^plumbline +Ready,SchedulingDisabled /m);
  await kubectl.ok("delete", "pdb", "web");
  const drained = await kubectl("drain", "plumbline", "--pod-selector=app=web", "--timeout=30s");
  assert.match(drained.out, /^pod\/web-\S+ evicted\n(.*\n)*node\/plumbline drained\n$/m);
  assert.equal(await kubectl.ok("uncordon", "plumbline"), "node/plumbline uncordoned\n");
  assert.match(await kubectl.ok("rollout", "status", "deploy/web", "--timeout=30s"), /successfully rolled out/);
});
