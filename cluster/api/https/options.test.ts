import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { test } from "node:test";
import type { WriteOptions } from "../server.ts";
import { patchCauses, writeOptions } from "./options.ts";
import { Query } from "./exchange.ts";

function options(kind: string, text: string): WriteOptions {
  const request = { headers: { "user-agent": "tool/1.0 (linux)" } } as IncomingMessage;
  const query = new Query(new URLSearchParams(text));
  const causes = kind === "PatchOptions" ? patchCauses(query, !text.includes("force")) : [];
  return writeOptions({ query, request, warn: () => undefined }, kind, causes);
}

test("options that go together are read, the manager being the program where none is named", () => {
  const { fieldManager, dryRun } = options("PatchOptions", "fieldManager=a&dryRun=All");
  assert.deepEqual([fieldManager, dryRun], ["a", true]);
  assert.equal(options("UpdateOptions", "").fieldManager, "tool");
});

test("others are refused in Kubernetes' words", () => {
  const table = [
    ["PatchOptions", "", "fieldManager: Required value: is required for apply patch"],
    ["PatchOptions", "force=false", "force: Forbidden: may not be specified for non-apply patch"],
    ["CreateOptions", `fieldManager=${"m".repeat(129)}`, "fieldManager: Too long: may not be more than 128 bytes"],
    [
      "CreateOptions",
      "fieldManager=%C3%A4%0A",
      'fieldManager: Invalid value: "ä\\n": invalid character U+000A (at position 2)',
    ],
    ["UpdateOptions", "dryRun=Some", 'dryRun: Unsupported value: ["Some"]: supported values: "All"'],
    [
      "PatchOptions",
      "dryRun=Some",
      '[fieldManager: Required value: is required for apply patch, dryRun: Unsupported value: ["Some"]: supported values: "All"]',
    ],
  ] as const;
  for (const [kind, query, message] of table) {
    assert.throws(() => options(kind, query), {
      code: 422,
      message: `${kind}.meta.k8s.io "" is invalid: ${message}`,
    });
  }
});
