import assert from "node:assert/strict";
import { test } from "node:test";
import { deliveryYaml, deploymentYaml, namespaceYaml, openWorkbench } from "./workbench-in-test.ts";

test("a failure says what the container logged last, where Git wants that, and what a probe answered that no status tells", async (t) => {
  const bench = await openWorkbench(t);
  bench.commit({
    "delivery.yaml": deliveryYaml("{ deadline: 20s, soak: 300ms, maxRestarts: 0 }"),
    "staging/told/delivery.yaml": "rollout: { logLines: 3 }\n",
    "staging/unready/delivery.yaml": "rollout: { deadline: 12s }\n",
    "staging/unready/namespace.yaml": namespaceYaml("unready-staging"),
    "staging/unready/web.yaml": deploymentYaml("web", "never"),
    ...Object.fromEntries(
      ["told", "silent"].flatMap((name) => [
        [`staging/${name}/namespace.yaml`, namespaceYaml(`${name}-staging`)],
        [`staging/${name}/web.yaml`, deploymentYaml("web", "crash")],
      ]),
    ),
  });
  const { untilRecord } = await bench.engine();
  const held = (id: string) => untilRecord(id, "it is held", ({ outcome }) => outcome === "held");
  const { message } = await held("staging/told");
  assert.match(
    message,
    /pod web-\S+: container app keeps crashing \(exit code 3, 1 restart\).*; container app logged last: cannot start$/,
  );
  const silent = await held("staging/silent");
  assert.match(silent.message, /exit code 3/);
  assert.doesNotMatch(silent.message, /cannot start/);
  const unready = await held("staging/unready");
  assert.match(unready.message, /readiness probe \(GET \/\).*; not healthy after 12 s; /);
  assert.match(unready.message, /; Kubernetes says of pod web-\S+: Unhealthy: Readiness probe failed: .* 503$/);
});
