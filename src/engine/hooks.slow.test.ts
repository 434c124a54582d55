import assert from "node:assert/strict";
import { test } from "node:test";
import { textAt } from "../health/conditions.ts";
import type { KubeObject } from "../model/kube-object.ts";
import {
  configMapYaml,
  deliveryYaml,
  deploymentYaml,
  image,
  namespaceYaml,
  openWorkbench,
} from "./workbench-in-test.ts";

function hookYaml(name: string, hook: "before" | "after", exit: number): string {
  return `apiVersion: batch/v1
kind: Job
metadata: { name: ${name}, annotations: { plumbline.dev/hook: ${hook} } }
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers: [ { name: run, image: ${image}, command: [node, -e, "console.error('no such table'); process.exit(${exit})"], terminationMessagePolicy: FallbackToLogsOnError } ]
`;
}

test("hooks gate a delivery: before its workloads, after all of it is healthy, once a revision", async (t) => {
  const bench = await openWorkbench(t);
  const { untilRecord } = await bench.engine();
  const first = bench.commit({
    "delivery.yaml": deliveryYaml(),
    "staging/one/all.yaml": `${namespaceYaml("one-staging")}---\n${configMapYaml("settings", { a: "1" })}`,
    "staging/one/web.yaml": deploymentYaml("web", "ready"),
    "staging/one/hooks.yaml": `${hookYaml("migrate", "before", 0)}---\n${hookYaml("smoke", "after", 0)}`,
  });
  const settled = (commit: string, outcome: string) =>
    untilRecord("staging/one", outcome, (one) => one.revision.commit === commit && one.outcome === outcome);
  const { revision, drift } = await settled(first, "healthy");
  assert.deepEqual(drift, [], "what waited for a hook did not drift");
  const job = (name: string, tree: string): Promise<KubeObject | undefined> =>
    bench.get("batch/v1", "Job", "one-staging", `${name}-${tree.slice(0, 8)}`);
  const migrate = await job("migrate", revision.tree);
  const smoke = await job("smoke", revision.tree);
  const web = await bench.get("apps/v1", "Deployment", "one-staging", "web");
  assert.ok(migrate && smoke && web);
  const created = (object: KubeObject): number => Date.parse(textAt(object, "metadata", "creationTimestamp"));
  assert.ok(Date.parse(textAt(migrate, "status", "completionTime")) <= created(web));
  assert.ok(created(web) <= created(smoke));

  const broken = bench.commit({
    "staging/one/web.yaml": deploymentYaml("web", "ready", { env: ['{ name: NEW, value: "1" }'] }),
    "staging/one/hooks.yaml": hookYaml("migrate", "before", 4),
  });
  const failed = await settled(broken, "rolled-back");
  assert.equal(failed.reason, "JobFailed", failed.message);
  assert.match(
    failed.message,
    /Job one-staging\/migrate-[0-9a-f]{8}: .*container run ended with exit code 4: no such table/,
  );
  const after = await bench.get("apps/v1", "Deployment", "one-staging", "web");
  assert.equal(after?.metadata.generation, web.metadata.generation, "the workload never saw the failed revision");
  const back = await untilRecord(
    "staging/one",
    "it is healthy again",
    ({ outcome, revision: { undoes } }) => outcome === "healthy" && undoes === broken,
  );
  assert.equal((await job("migrate", back.revision.tree))?.metadata.uid, migrate.metadata.uid);

  const late = bench.commit({
    "staging/one/hooks.yaml": `${hookYaml("migrate", "before", 0)}---\n${hookYaml("smoke", "after", 5)}`,
  });
  const unsound = await settled(late, "rolled-back");
  assert.match(unsound.message, /^Job one-staging\/smoke-[0-9a-f]{8}: .*ended with exit code 5/);
  const again = await untilRecord(
    "staging/one",
    "it is healthy once more",
    ({ outcome, revision: { undoes } }) => outcome === "healthy" && undoes === late,
  );
  for (const ran of [migrate, smoke])
    assert.equal(
      (await job(ran === migrate ? "migrate" : "smoke", again.revision.tree))?.metadata.uid,
      ran.metadata.uid,
    );
  assert.equal(
    bench.git("log", "--format=%s", "--grep=^Roll back", "main").split("\n").length,
    2,
    "one for each failure",
  );

  const second = bench.commit({ "staging/one/settings.yaml": configMapYaml("more", { a: "2" }) });
  const next = await settled(second, "healthy");
  assert.ok(await job("smoke", next.revision.tree));
  assert.ok(next.applied.some(({ ref, outcome }) => ref.name === migrate.metadata.name && outcome === "deleted"));
});
