import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("main.js", import.meta.url));
const collection = "/api/v1/namespaces/t90-01/configmaps";
const json = { "content-type": "application/json" };

function answered(body: object, status = 200): object {
  return { status, headers: json, body };
}

function configMap(data: object, revision: number): object {
  const metadata = {
    name: "a",
    namespace: "t90-01",
    uid: "<uid:1>",
    resourceVersion: `<rv:${revision}>`,
    creationTimestamp: "<time>",
    managedFields: "<omitted>",
  };
  return { kind: "ConfigMap", apiVersion: "v1", metadata, data };
}

function step(number: number, request: object, response: object): object {
  return { id: `90-01.${number}`, title: `step ${number}`, request: { headers: {}, ...request }, response };
}

test("a replay tells agreements, disagreements and kinds that are not served apart", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "replay-"));
  t.after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const body = { metadata: { name: "a" }, data: { k: "1" } };
  const put = { ...body, metadata: { name: "a", resourceVersion: "<rv:1>" }, data: { k: "2" } };
  const steps = [
    step(1, { method: "POST", path: collection, headers: json, body }, answered(configMap({ k: "1" }, 1), 201)),
    step(2, { method: "PUT", path: `${collection}/a`, headers: json, body: put }, answered(configMap({ k: "2" }, 2))),
    step(3, { method: "GET", path: `${collection}/a` }, answered(configMap({ k: "3" }, 2))),
    step(4, { method: "GET", path: `${collection}/a` }, answered(configMap({ k: "2" }, 1))),
    step(5, { method: "GET", path: "/apis/none.example/v1/namespaces/t90-01/things" }, answered({ items: [] })),
  ];
  const scenario = { id: "90-01", title: "tiny", namespace: "t90-01", steps };
  writeFileSync(join(folder, "90-tiny.json"), JSON.stringify({ group: "90-tiny", scenarios: [scenario] }));
  const { stdout, status } = spawnSync(process.execPath, [main, folder], { encoding: "utf8" });
  assert.match(stdout, /90-01\.3 step 3\n    body\.data\.k: expected "3", got "2"\n/);
  assert.match(stdout, /90-01\.4 step 4\n    body\.metadata\.resourceVersion: expected "<rv:1>", got "\d+"\n/);
  assert.match(stdout, /\nnot served: 1\nagreed 2 of 4\n$/);
  assert.equal(status, 1);
});
