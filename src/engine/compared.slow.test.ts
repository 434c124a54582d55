import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeliveryRecord } from "../model/record.ts";
import { deliveryYaml, deploymentYaml, namespaceYaml, openWorkbench, programYaml } from "./workbench-in-test.ts";

const namespace = "one-staging";

/** Answers like a Prometheus to which pods now have four errors each, and those of an earlier time one. */
const metrics = `
require("node:http").createServer((request, response) => {
  const { searchParams } = new URL(request.url, "http://p");
  const isNamed = /^e\\{pod=~'web-[^{}]+'\\}$/.test(searchParams.get("query") ?? "");
  const past = Number(searchParams.get("time") ?? Infinity) < Date.now() / 1000;
  const result = isNamed ? [{ value: [0, past ? "1" : "4"] }] : [];
  response.end(JSON.stringify({ status: "success", data: { resultType: "vector", result } }));
}).listen(9090);
process.on("SIGTERM", () => process.exit(0));
`;
const metricsYaml = `${namespaceYaml("monitoring-staging")}---\n${programYaml("metrics", metrics, "[ { port: 9090 } ]")}`;
const metric = (factor: number, failAfter: string): string =>
  `{ prometheus: "http://metrics.monitoring-staging:9090", query: "e{pod=~'{pods}'}", compare: { atMost: ${factor} }${failAfter} }`;
const web = (version: string): string => deploymentYaml("web", "ready", { env: [`{ name: OF, value: "${version}" }`] });

test("a rolling update is compared with the pods that it replaced, by any engine that goes on with it (R3, O1)", async (t) => {
  const bench = await openWorkbench(t);
  const gate = (soak: string, check: string): string => `rollout: { soak: ${soak}, checks: [${check}] }\n`;
  bench.commit({
    "delivery.yaml": deliveryYaml(),
    "staging/monitoring/all.yaml": metricsYaml,
    "staging/one/namespace.yaml": namespaceYaml(namespace),
    "staging/one/web.yaml": web("1"),
    "staging/one/delivery.yaml": gate("300ms", metric(5, "")),
  });
  const engine = await bench.engine();
  const settled = (from: typeof engine, commit: string, wanted: DeliveryRecord["outcome"]) =>
    from.untilRecord(
      "staging/one",
      wanted,
      ({ revision, outcome }) => revision.commit === commit && outcome === wanted,
    );
  const first = await engine.untilRecord("staging/one", "healthy", ({ outcome }) => outcome === "healthy");
  assert.match(first.message, /was not compared: there were no old pods/);
  const podsNow = () =>
    engine.engine
      .snapshot()
      .applications.filter(({ application }) => application.id === "staging/one")
      .flatMap(({ observation }) => observation.pods.map(({ name }) => name));
  const old = podsNow();
  assert.equal(old.length, 1);

  const second = await settled(engine, bench.commit({ "staging/one/web.yaml": web("2") }), "healthy");
  assert.ok(second.replaced);
  assert.ok(old.every((name) => second.replaced?.pods.includes(name)));
  assert.equal(second.replaced.at, second.startedAt);
  assert.doesNotMatch(second.message, /not compared/);

  const worse = bench.commit({
    "staging/one/web.yaml": web("3"),
    "staging/one/delivery.yaml": gate("1h", metric(2, ", failAfter: 6s")),
  });
  await engine.untilRecord(
    "staging/one",
    "it soaks",
    ({ revision, reason }) => revision.commit === worse && reason === "Soaking",
  );
  await engine.stop();
  const again = await bench.engine();
  const failed = await settled(again, worse, "rolled-back");
  assert.match(failed.message, /is 4 of the new pods, more than 2 times the 1 of the old ones; it has failed for /);
  assert.ok(failed.decidedAt && failed.rollback);
  const back = await again.untilRecord(
    "staging/one",
    "healthy again",
    (one) => one.outcome === "healthy" && one.revision.undoes === worse,
  );
  assert.deepEqual(back.replaced, failed.replaced, "what goes back is compared with what was healthy");
});
