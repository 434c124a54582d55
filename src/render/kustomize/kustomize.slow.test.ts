import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { isJsonObject } from "../../model/json.ts";
import type { Json } from "../../model/json.ts";
import { readDocuments } from "../read-documents.ts";
import { cases } from "./cases-in-test.ts";
import { referenceCases } from "./reference-cases-in-test.ts";
import { valueCases } from "./value-cases-in-test.ts";
import { identityOf } from "./resource.ts";
import { buildInTest } from "./build-in-test.ts";

const missing = spawnSync("kubectl", ["kustomize", "--help"]).error ? "kubectl is not installed" : false;

for (const [name, files] of Object.entries({ ...cases, ...referenceCases, ...valueCases })) {
  test(`kubectl's own kustomize makes the same of ${name}`, { skip: missing }, async () => {
    const folder = mkdtempSync(join(tmpdir(), "kustomize-"));
    try {
      for (const [path, content] of Object.entries(files)) {
        mkdirSync(dirname(join(folder, path)), { recursive: true });
        writeFileSync(join(folder, path), content);
      }
      const output = execFileSync("kubectl", ["kustomize", join(folder, "app")], {
        stdio: ["ignore", "pipe", "ignore"],
      });
      const read = readDocuments({ path: "output", content: output });
      assert.ok(read.ok);
      const built = await buildInTest(files, "app");
      assert.deepEqual(
        built.ok ? sorted(built.value.map(({ value }) => value)) : built,
        sorted(read.value.map(({ value }) => value)),
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}

/** In one order, and without what JSON would not show. */
function sorted(values: readonly Json[]): unknown {
  const key = (value: Json): string => JSON.stringify(isJsonObject(value) ? identityOf(value) : value);
  const plain = JSON.parse(JSON.stringify(values)) as Json[];
  return plain.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}
