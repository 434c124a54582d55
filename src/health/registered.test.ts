import assert from "node:assert/strict";
import { test } from "node:test";
import type { Health } from "../model/health.ts";
import type { JsonObject } from "../model/json.ts";
import { apiServiceHealth, definitionHealth } from "./registered.ts";

function word({ status, reason, final }: Health): string {
  return `${status} ${reason}${final ? " final" : ""}`;
}

const is = (type: string, status: string, reason: string): JsonObject => ({ type, status, reason, message: "so" });

test("a definition is healthy when it is established and nothing is held against it; nothing of that is final", () => {
  const established = is("Established", "True", "InitialNamesAccepted");
  const accepted = is("NamesAccepted", "True", "NoConflicts");
  const cases: readonly (readonly [readonly JsonObject[], string])[] = [
    [[], "InProgress Installing"],
    [[accepted, is("Established", "False", "Installing")], "InProgress Installing"],
    [[accepted, established], "Current Established"],
    [[is("NamesAccepted", "False", "PluralConflict"), established], "Failed PluralConflict"],
    [[accepted, established, is("NonStructuralSchema", "True", "Violations")], "Failed Violations"],
    [[accepted, is("Established", "False", "NotAccepted")], "Failed NotAccepted"],
    [[accepted, established, is("Terminating", "True", "InstanceDeletionPending")], "InProgress Terminating"],
  ];
  for (const [conditions, expected] of cases) {
    assert.equal(word(definitionHealth({ status: { conditions } })), expected, JSON.stringify(conditions));
  }
});

test("an APIService is healthy while the server behind it answers", () => {
  const judged = (...conditions: readonly JsonObject[]): string => word(apiServiceHealth({ status: { conditions } }));
  assert.equal(judged(is("Available", "True", "Passed")), "Current Available");
  assert.equal(judged(is("Available", "False", "MissingEndpoints")), "InProgress MissingEndpoints");
  assert.equal(judged(), "InProgress NotAvailable");
});
