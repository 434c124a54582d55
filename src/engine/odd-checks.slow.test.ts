import assert from "node:assert/strict";
import { test } from "node:test";
import { configMapYaml, image, namespaceYaml, openWorkbench } from "./workbench-in-test.ts";

/** Answers JSON, elsewhere a redirect and an endless body; on its second port it does not speak HTTP. */
const odd = `
const { createServer } = require("node:http");
createServer((request, response) => {
  if (request.url === "/moved") return response.writeHead(302, { location: "http://elsewhere/" }).end();
  if (request.url !== "/endless") return response.end(JSON.stringify({ a: { b: 1 } }));
  const fill = () => { while (response.write("x".repeat(65536))); response.once("drain", fill); };
  fill();
}).listen(8080);
require("node:net").createServer((socket) => socket.on("error", () => {}).once("data", () => socket.end("\\x15\\x03\\x01"))).listen(8443);
process.on("SIGTERM", () => process.exit(0));
`;
const serviceYaml = (name: string, app: string): string => `apiVersion: v1
kind: Service
metadata: { name: ${name} }
spec: { selector: { app: ${app} }, ports: [ { name: http, port: 80, targetPort: 8080 }, { name: tls, port: 443, targetPort: 8443 } ] }
`;
const oddYaml = `${namespaceYaml("odd")}---
apiVersion: v1
kind: Pod
metadata: { name: odd, labels: { app: odd } }
spec:
  terminationGracePeriodSeconds: 1
  containers: [ { name: app, image: ${image}, command: [node, -e, ${JSON.stringify(odd)}] } ]
---
${serviceYaml("odd", "odd")}---
${serviceYaml("nobody", "nobody")}`;

const get = (path: string, expect = ""): string => `{ http: "${path}"${expect && `, expect: ${expect}`} }`;
const endsWith: Readonly<Record<string, readonly [string, RegExp]>> = {
  "another-type": [get("http://odd/", '{ json: { "a.b": "1" } }'), /^GET http:\/\/odd\/ has a\.b 1, not "1"; /],
  "endless-json": [
    get("http://odd/endless", "{ json: { a: 1 } }"),
    /answered more than 1 MiB, of which no JSON is read; /,
  ],
  endless: [get("http://odd/endless"), /^every object is healthy and stayed so for 0 s$/],
  moved: [get("http://odd/moved"), /^GET http:\/\/odd\/moved answered 302, not 200; /],
  "no-member": [get("http://odd/", '{ json: { "a.c": 1 } }'), /has no a\.c in its answer, where 1 is expected; /],
  nobody: [get("http://nobody/"), /answered 503, not 200: no endpoints available for service "nobody"; /],
  port: [get("http://odd:81/"), /answered 503, not 200: no service port 81 found for service "odd"; /],
  prometheus: [
    '{ prometheus: "http://odd.elsewhere", query: up, above: 0 }',
    /^up at http:\/\/odd\.elsewhere answered 404: services "odd" not found; /,
  ],
  release: [
    get("http://odd/", '{ json: { "a.b": "{release}" } }'),
    /expects \{release\}, which is not known: this revision has no images that share one; /,
  ],
  "tls-as-http": [get("http://odd:443/"), /answered 503, not 200: error trying to reach service: /],
  typo: [get("http://tyop/"), /answered 404, not 200: services "tyop" not found; /],
};

test("a check that can never pass, or that answers oddly, ends in a sentence that says what is wrong (R3)", async (t) => {
  const bench = await openWorkbench(t);
  const delivery = "environments:\n  staging:\n    namespace: odd\n    rollout: { deadline: 8s, soak: 0s }\n";
  const served = `rollout: { deadline: 2m, checks: [ ${get("http://odd/")} ] }\n`;
  bench.commit({ "delivery.yaml": delivery, "staging/all/all.yaml": oddYaml, "staging/all/delivery.yaml": served });
  const engine = await bench.engine();
  await engine.untilRecord("staging/all", "the service is there", ({ outcome }) => outcome === "healthy");
  const files = Object.entries(endsWith).flatMap(([name, [check]]) => [
    [`staging/${name}/settings.yaml`, configMapYaml(name, {})],
    [`staging/${name}/delivery.yaml`, `rollout: { checks: [ ${check} ] }\n`],
  ]);
  const head = bench.commit(Object.fromEntries(files) as Record<string, string>);
  await engine.engine.refresh();
  for (const [name, [, sentence]] of Object.entries(endsWith)) {
    const isDecided = (outcome: string): boolean => outcome === "held" || outcome === "healthy";
    const record = await engine.untilRecord(`staging/${name}`, name, ({ outcome }) => isDecided(outcome));
    assert.match(record.message, sentence);
    if (record.outcome === "held") assert.equal(record.reason, "CheckFailed");
  }
  assert.equal(bench.git("rev-parse", "main"), head, "nothing was ever healthy, so nothing is put back");
  const asked = (): number =>
    [...bench.kube.requestCounts()].reduce((sum, [key, count]) => sum + (key.startsWith("GET raw ") ? count : 0), 0);
  const before = asked();
  bench.commit({
    "staging/later/settings.yaml": configMapYaml("later", {}),
    "staging/later/delivery.yaml": "rollout: { soak: 9s }\n",
  });
  await engine.engine.refresh();
  await engine.untilRecord("staging/later", "another one soaked", ({ outcome }) => outcome === "healthy");
  assert.equal(asked(), before, "what is held is asked about no more");
});
