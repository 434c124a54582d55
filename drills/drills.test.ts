import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { parseAllDocuments } from "yaml";
import { drills } from "./index.ts";

const folder = new URL("../../workloads/manifests/", import.meta.url);
const files = new Map(
  readdirSync(folder)
    .filter((name) => name.endsWith(".yaml"))
    .map((name) => [name, readFileSync(new URL(name, folder), "utf8")]),
);

interface Container {
  readonly image: string;
  readonly env: readonly { readonly name: string; readonly value?: string }[];
  readonly envFrom: readonly { readonly configMapRef: { readonly name: string } }[];
}

function container(text: string): Container {
  const documents = parseAllDocuments(text);
  const objects = ("empty" in documents ? [] : documents).map((document) => {
    assert.deepEqual(document.errors, []);
    return document.toJS() as { kind: string; spec: { template: { spec: { containers: Container[] } } } };
  });
  return objects.find(({ kind }) => kind === "Deployment")?.spec.template.spec.containers[0] as Container;
}

for (const drill of drills) {
  test(`drill ${drill.name} changes one line of one file, and the pods' template with it`, () => {
    const changed = drill.inject(files);
    assert.deepEqual([...changed.keys()], ["backend.yaml"]);
    const [before, after] = [files, changed].map((map) => map.get("backend.yaml") ?? "") as [string, string];
    const lines = after.split("\n");
    const old = new Set(before.split("\n"));
    assert.equal(lines.filter((line) => !old.has(line)).length, 1);
    assert.notDeepEqual(container(after), container(before));
  });
}

const inject = (name: string): Container => {
  const changed = drills.find((drill) => drill.name === name)?.inject(files);
  return container(changed?.get("backend.yaml") ?? "");
};
const variable = (of: Container, name: string): string | undefined =>
  of.env.find((entry) => entry.name === name)?.value;

test("each drill brings in its fault", () => {
  assert.equal(variable(inject("crash-loop"), "FAULT_CRASH_AFTER_SECONDS"), "0");
  assert.equal(variable(inject("never-ready"), "FAULT_NEVER_READY"), "true");
  assert.equal(variable(inject("slow-start"), "FAULT_SLOW_START_SECONDS"), "5");
  assert.equal(inject("missing-config-map").envFrom[0]?.configMapRef.name, "backend-missing");
  assert.equal(inject("wrong-image").image, `plumbline.local/backend:missing@sha256:${"0".repeat(64)}`);
});

test("a drill says what it needs when the application is another", () => {
  for (const drill of drills) {
    assert.throws(
      () => drill.inject(new Map([["a.yaml", "kind: Deployment\nmetadata: { name: other }\n"]])),
      /Deployment named backend/,
    );
  }
  const bare =
    "kind: Deployment\nmetadata: { name: backend }\nspec: { template: { spec: { containers: [ { name: a } ] } } }\n";
  for (const drill of drills) assert.throws(() => drill.inject(new Map([["a.yaml", bare]])), /a\.yaml: the container/);
});
