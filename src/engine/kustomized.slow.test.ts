import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeliveryRecord } from "../model/record.ts";
import { deliveryYaml, deploymentYaml, namespaceYaml, openWorkbench } from "./workbench-in-test.ts";

const isHealthy = ({ outcome }: DeliveryRecord): boolean => outcome === "healthy";

const overlay = (name: string, more = ""): Record<string, string> => ({
  [`staging/${name}/kustomization.yaml`]: `resources: [../../base/web, namespace.yaml]\n${more}`,
  [`staging/${name}/namespace.yaml`]: namespaceYaml(`${name}-staging`),
});

test("applications share a base: each is delivered by its own overlay, and a change of the base is one of both", async (t) => {
  const bench = await openWorkbench(t);
  bench.commit({
    "delivery.yaml": deliveryYaml("{ deadline: 6s, soak: 300ms, maxRestarts: 0 }"),
    "base/web/kustomization.yaml": "resources: [web.yaml]\n",
    "base/web/web.yaml": deploymentYaml("web", "ready"),
    ...overlay("one"),
    ...overlay("two", "nameSuffix: -two\n"),
  });
  const { untilRecord } = await bench.engine();
  const one = await untilRecord("staging/one", "it is healthy", isHealthy);
  await untilRecord("staging/two", "it is healthy", isHealthy);
  assert.deepEqual(
    one.revision.composed?.bases.map(({ path }) => path),
    ["base/web"],
  );

  const broken = bench.commit(
    {
      "staging/one/kustomization.yaml":
        "resources: [../../base/web, namespace.yaml]\nimages: [{ name: example.test/app, newName: example.test/nothing }]\n",
    },
    "Break one",
  );
  await untilRecord(
    "staging/one",
    "it is rolled back",
    ({ outcome, revision }) => outcome === "healthy" && revision.undoes === broken,
  );
  assert.equal(bench.git("rev-parse", "main:staging/one"), one.revision.composed?.directory);

  const shared = bench.commit({ "base/web/web.yaml": deploymentYaml("web", "never") }, "Break what both share");
  for (const name of ["one", "two"]) {
    const held = await untilRecord(
      `staging/${name}`,
      "it is held",
      ({ outcome, revision }) => outcome === "held" && revision.commit === shared,
    );
    assert.match(
      held.message,
      /not rolled back: base\/web, outside of staging\/\w+, is not what it was .* others may use it/,
    );
    assert.match(held.remedy ?? "", /^Undo the change of base\/web with a commit\./);
  }
  assert.equal(bench.git("rev-parse", "main"), shared);

  bench.commit({ "base/web/web.yaml": deploymentYaml("web", "ready") }, "Undo it");
  const mended = await untilRecord("staging/one", "it is healthy again", isHealthy);
  assert.equal(mended.revision.tree, one.revision.tree);
});
