import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { loadAll } from "js-yaml";
import { Api } from "./api.ts";
import type { Answered } from "./api.ts";
import { atOf } from "./object-place.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const api = new Api(process.env["KUBECONFIG"] ?? "");
const made = new Set<string>();

after(async () => {
  for (const name of made) await api.delete({ apiVersion: "v1", plural: "namespaces" }, name);
  api.close();
});

/** A namespace that takes restricted pods only, made for real: a dry run needs one to be there. */
async function restricted(name: string): Promise<void> {
  const labels = Object.fromEntries(
    ["enforce", "warn"].map((mode) => [`pod-security.kubernetes.io/${mode}`, "restricted"]),
  );
  await api.apply(
    { apiVersion: "v1", plural: "namespaces" },
    { apiVersion: "v1", kind: "Namespace", metadata: { name, labels } },
    "test",
  );
  made.add(name);
}

async function tryAll(file: string, namespace?: string): Promise<void> {
  const objects = (loadAll(readFileSync(file, "utf8")) as Answered[]).filter(Boolean);
  for (const object of objects) if (object.kind === "Namespace") await restricted(object.metadata.name);
  for (const object of objects) {
    const there = namespace === undefined ? object : { ...object, metadata: { ...object.metadata, namespace } };
    const { status, body, warning } = await api.tryApply(atOf(there), there);
    assert.ok(status < 300, `${file}: ${object.kind} ${object.metadata.name}: ${status} ${body.message}`);
    assert.equal(warning, undefined, `${file}: ${object.kind} ${object.metadata.name}`);
  }
}

test("the API server takes every file of deploy/, and pod security has nothing against it", async () => {
  const files = readdirSync(join(root, "deploy"));
  assert.ok(files.length > 1);
  for (const file of files) await tryAll(join(root, "deploy", file));
});

test("the API server takes the workloads' manifests in a namespace of restricted pods", async () => {
  await restricted("plumbline-restricted");
  const folder = join(root, "workloads", "manifests");
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".yaml")))
    await tryAll(join(folder, file), "plumbline-restricted");
});
