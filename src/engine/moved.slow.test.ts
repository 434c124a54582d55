import assert from "node:assert/strict";
import { test } from "node:test";
import { valueAt } from "../model/json.ts";
import type { DeliveryRecord } from "../model/record.ts";
import { deliveryYaml, deploymentYaml, namespaceYaml, openWorkbench } from "./workbench-in-test.ts";

const gate = deliveryYaml("{ deadline: 20s, soak: 300ms, maxRestarts: 0 }");
const isHealthy = ({ outcome }: DeliveryRecord): boolean => outcome === "healthy";
const isRollbackOf =
  (commit: string) =>
  ({ outcome, revision }: DeliveryRecord): boolean =>
    outcome === "healthy" && revision.undoes === commit;
const files = (path: string, mode: string): Record<string, string> => ({
  [`${path}/namespace.yaml`]: namespaceYaml("one-staging"),
  [`${path}/web.yaml`]: deploymentYaml("web", mode),
});

test("a directory that another layout moves, and that fails there, is restored where it is now", async (t) => {
  const bench = await openWorkbench(t);
  bench.commit({ "delivery.yaml": gate, ...files("staging/one", "ready") });
  const { untilRecord } = await bench.engine();
  await untilRecord("staging/one", "it is healthy", isHealthy);
  const healthy = bench.git("rev-parse", "main:staging/one");
  const web = await bench.get("apps/v1", "Deployment", "one-staging", "web");

  const layout = `layout: "apps/{application}/{environment}"\n${gate}`;
  bench.commit({ "delivery.yaml": layout, "staging/one": null, ...files("apps/one/staging", "ready") }, "Move it");
  const moved = await untilRecord("staging/one", "what has only moved is healthy", isHealthy);
  assert.equal(moved.revision.tree, healthy, "it is the same delivery");
  const broken = bench.commit(files("apps/one/staging", "crash"), "Break it");
  await untilRecord("staging/one", "its rollback is healthy", isRollbackOf(broken));
  assert.equal(bench.git("rev-parse", "main:apps/one/staging"), healthy);
  assert.throws(() => bench.git("rev-parse", "--verify", "--quiet", "main:staging/one"), "nothing is put where it was");
  assert.equal((await bench.get("apps/v1", "Deployment", "one-staging", "web"))?.metadata.uid, web?.metadata.uid);
});

test("a directory that is moved and broken by one commit is restored where it is now", async (t) => {
  const bench = await openWorkbench(t);
  bench.commit({ "delivery.yaml": gate, ...files("staging/one", "ready") });
  const { untilRecord } = await bench.engine();
  await untilRecord("staging/one", "it is healthy", isHealthy);
  const healthy = bench.git("rev-parse", "main:staging/one");
  const layout = `layout: "apps/{application}/{environment}"\n${gate}`;
  const both = bench.commit({ "delivery.yaml": layout, "staging/one": null, ...files("apps/one/staging", "crash") });
  await untilRecord("staging/one", "its rollback is healthy", isRollbackOf(both));
  assert.equal(bench.git("rev-parse", "main:apps/one/staging"), healthy);
  assert.equal(bench.git("diff", "--name-only", both, "main"), "apps/one/staging/web.yaml");
});

test("a directory that was removed, and comes back broken, is restored to what was healthy before it went", async (t) => {
  const bench = await openWorkbench(t);
  bench.commit({ "delivery.yaml": gate, ...files("staging/one", "ready") });
  const { untilRecord, engine } = await bench.engine();
  await untilRecord("staging/one", "it is healthy", isHealthy);
  const healthy = bench.git("rev-parse", "main:staging/one");
  bench.commit({ "staging/one": null }, "Remove it");
  await untilRecord("staging/one", "its removal is held", ({ outcome }) => outcome === "held");
  const web = await bench.get("apps/v1", "Deployment", "one-staging", "web");
  assert.equal(valueAt(web ?? null, "status", "readyReplicas"), 1, "and it serves");
  const broken = bench.commit(files("staging/one", "crash"), "Bring it back");
  await engine.refresh();
  await untilRecord("staging/one", "its rollback is healthy", isRollbackOf(broken));
  assert.equal(bench.git("rev-parse", "main:staging/one"), healthy);
});
