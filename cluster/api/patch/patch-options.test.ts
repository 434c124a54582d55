import assert from "node:assert/strict";
import { test } from "node:test";
import { checkPatchOptions } from "./patch-options.ts";

const sound = { isApply: true, fieldManager: "a", force: undefined, dryRun: [] };

test("options that go together pass", () => {
  checkPatchOptions({ ...sound, force: true, dryRun: ["All"] });
  checkPatchOptions({ ...sound, isApply: false, fieldManager: undefined });
});

test("others are refused in Kubernetes' words", () => {
  const text = 'PatchOptions.meta.k8s.io "" is invalid:';
  const table = [
    [{ fieldManager: undefined }, "fieldManager: Required value: is required for apply patch"],
    [{ fieldManager: "m".repeat(129) }, "fieldManager: Too long: may not be more than 128 bytes"],
    [{ isApply: false, force: false }, "force: Forbidden: may not be specified for non-apply patch"],
    [{ dryRun: ["Some"] }, 'dryRun: Unsupported value: ["Some"]: supported values: "All"'],
    [
      { fieldManager: undefined, dryRun: ["Some"] },
      '[fieldManager: Required value: is required for apply patch, dryRun: Unsupported value: ["Some"]: supported values: "All"]',
    ],
  ] as const;
  for (const [options, message] of table) {
    assert.throws(() => checkPatchOptions({ ...sound, ...options }), { code: 422, message: `${text} ${message}` });
  }
});
