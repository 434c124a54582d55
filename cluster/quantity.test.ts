import assert from "node:assert/strict";
import { test } from "node:test";
import { canonicalQuantity, parseQuantity, quantityText } from "./quantity.ts";

test("quantities are written with the largest suffix that needs no fraction", () => {
  const cases = {
    "0.5": "500m",
    "1024Mi": "1Gi",
    "1000m": "1",
    "1500m": "1500m",
    "100Mi": "100Mi",
    "1.5Gi": "1536Mi",
    "-2000m": "-2",
    "1e3": "1e3",
    "0": "0",
    "2": "2",
  };
  for (const [given, wanted] of Object.entries(cases)) assert.equal(canonicalQuantity(given), wanted);
  assert.equal(canonicalQuantity("much"), "much");
});

test("quantities are read as numbers, and amounts written as quantities", () => {
  const rows = { "100m": 0.1, "1.5": 1.5, ".5": 0.5, "64Mi": 67_108_864, "1k": 1000, "2e3": 2000, "3n": 3e-9 };
  for (const [text, value] of Object.entries(rows)) assert.equal(parseQuantity(text), value);
  for (const text of ["much", "", ".", "1Xi"]) assert.ok(Number.isNaN(parseQuantity(text)), text);
  assert.equal(quantityText(150, false), "150m");
  assert.equal(quantityText(12_000, false), "12");
  assert.equal(quantityText(67_108_864_000, true), "64Mi");
});
