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

/** Of a hundred exchanges of a group with Kubernetes 1.34, how many agree at least. */
const least: Readonly<Record<string, number>> = {
  "01-discovery": 100,
  "02-crud": 98,
  "03-patch": 100,
  "04-ssa": 100,
  "05-listwatch": 99,
  "06-delete": 100,
  "07-deployments": 99,
  "08-services": 98,
  "09-crds": 100,
  "10-misc": 98,
};

const traces = process.env["REPLAY_TRACES"];

test(
  "the embedded cluster answers as Kubernetes 1.34 did",
  { skip: traces === undefined && "there are no recordings: set REPLAY_TRACES to a folder of them" },
  () => {
    const { stdout } = spawnSync(process.execPath, [main, traces ?? ""], { encoding: "utf8", maxBuffer: 1e9 });
    const rows = [...stdout.matchAll(/^(\d\d-\w+) +(\d+) of (\d+)/gm)];
    assert.ok(rows.length > 0, stdout);
    for (const [line, group = "", agreed, all] of rows) {
      assert.ok((100 * Number(agreed)) / Number(all) >= (least[group] ?? 100), line);
    }
  },
);
