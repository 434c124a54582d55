import assert from "node:assert/strict";
import { test } from "node:test";
import { deliveryYaml, deploymentYaml, image, namespaceYaml, openWorkbench, programYaml } from "./workbench-in-test.ts";

/** Takes requests and never answers them. */
const pit = `require("node:net").createServer(() => {}).listen(8080); process.on("SIGTERM", () => process.exit(0));`;
const pitYaml = programYaml("pit", pit, "[ { port: 80, targetPort: 8080 } ]");
const endlessYaml = `apiVersion: batch/v1
kind: Job
metadata: { name: endless, annotations: { plumbline.dev/hook: before } }
spec:
  template:
    spec:
      restartPolicy: Never
      terminationGracePeriodSeconds: 1
      containers: [ { name: run, image: ${image}, command: [node, -e, "setInterval(() => {}, 1000)"] } ]
`;

test("checks that hang and a hook that never ends hold no worker: with one for all, another is healthy as ever (O5)", async (t) => {
  const bench = await openWorkbench(t);
  const checked = (check: string): string => `rollout: { checks: [${check}] }\n`;
  bench.commit({
    "delivery.yaml": deliveryYaml("{ deadline: 2m, soak: 0s }"),
    "staging/pit/all.yaml": `${namespaceYaml("pit-staging")}---\n${pitYaml}`,
    "staging/pit/delivery.yaml": checked('{ http: "http://pit/" }'),
    "staging/metric/all.yaml": namespaceYaml("metric-staging"),
    "staging/metric/delivery.yaml": checked('{ prometheus: "http://pit.pit-staging", query: up, above: 0 }'),
    "staging/hook/all.yaml": `${namespaceYaml("hook-staging")}---\n${endlessYaml}`,
  });
  const engine = await bench.engine({ parallel: 1 });
  const reason = (id: string, wanted: string) =>
    engine.untilRecord(id, `${id}: ${wanted}`, (record) => record.reason === wanted);
  await reason("staging/pit", "WaitingForChecks");
  await reason("staging/metric", "WaitingForChecks");
  await engine.untilRecord("staging/hook", "the hook runs", ({ message }) => /endless/.test(message));
  assert.deepEqual(engine.engine.load(), { waiting: 0, working: 0 });

  const fine = bench.commit({
    "staging/fine/all.yaml": `${namespaceYaml("fine-staging")}---\n${deploymentYaml("web", "ready")}`,
  });
  await engine.engine.refresh();
  const healthy = await engine.untilRecord("staging/fine", "it is healthy", ({ outcome }) => outcome === "healthy");
  assert.equal(healthy.revision.commit, fine);
  const open = engine.engine.snapshot().applications.filter(({ record }) => record.outcome === "progressing");
  assert.deepEqual(
    open.map(({ application }) => application.id),
    ["staging/hook", "staging/metric", "staging/pit"],
    "those that hang are still asked, and were not waited for",
  );
  const unanswered = / got no answer: no whole answer within 10 s$/;
  for (const id of ["staging/pit", "staging/metric"])
    await engine.untilRecord(id, "its answer is given up", ({ message }) => unanswered.test(message));
  assert.deepEqual(engine.engine.load().waiting, 0);
});
