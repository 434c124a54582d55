import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { faultsOf, schemaPath } from "./record-checker-in-test.ts";
import { recordJsonSchema } from "./record-schema.ts";
import { recordText } from "./record-text.ts";
import { sampleRecord } from "./sample-record-in-test.ts";

test("the published schema is the one that records are read by; UPDATE=1 writes it anew", () => {
  const text = `${JSON.stringify(recordJsonSchema(), undefined, 2)}\n`;
  if (process.env["UPDATE"] === "1") writeFileSync(schemaPath, text);
  assert.deepEqual(JSON.parse(readFileSync(schemaPath, "utf8")), JSON.parse(text));
});

test("the published schema takes a record and later additions to it, and nothing that means something else", () => {
  const faults = (different: object): readonly string[] =>
    faultsOf({ ...(JSON.parse(recordText(sampleRecord())) as object), ...different });
  assert.deepEqual(faults({}), []);
  assert.deepEqual(faults({ added: { later: true } }), []);
  assert.match(faults({ schema: 2 }).join("; "), /\/schema/);
  assert.match(faults({ outcome: "fine" }).join("; "), /\/outcome/);
  assert.match(faults({ startedAt: "yesterday" }).join("; "), /\/startedAt/);
  assert.match(faults({ health: [{ ref: {}, health: { status: "Well" } }] }).join("; "), /\/health\/0/);
  assert.match(faults({ message: undefined }).join("; "), /message/);
  const { revision } = sampleRecord();
  assert.match(faults({ revision: { ...revision, composed: { directory: 1, bases: [] } } }).join("; "), /\/revision/);
});
