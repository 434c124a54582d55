import assert from "node:assert/strict";
import { test } from "node:test";
import { canonicalQuantity } from "./quantity.ts";

test("quantities are written with the largest suffix that needs no fraction", () => {
  const cases = {
    "0.5": "500m",
    "1024Mi": "1Gi",
    "1000m": "1",
    "1500m": "1500m",
    "100Mi": "100Mi",
    "1e3": "1k",
    "0": "0",
    "2": "2",
  };
  for (const [given, wanted] of Object.entries(cases)) assert.equal(canonicalQuantity(given), wanted);
  assert.equal(canonicalQuantity("much"), "much");
});
