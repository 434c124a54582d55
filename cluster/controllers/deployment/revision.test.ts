import assert from "node:assert/strict";
import { test } from "node:test";
import { webDeployment } from "../cluster-in-test.ts";
import { newestAnnotations } from "./revision.ts";

const revision = "deployment.kubernetes.io/revision";
const history = "deployment.kubernetes.io/revision-history";

test("a revision that a ReplicaSet had before goes into its history", () => {
  const rows: readonly (readonly [Record<string, string>, number, Record<string, string>])[] = [
    [{}, 1, { [revision]: "1" }],
    [{ [revision]: "1" }, 3, { [revision]: "3", [history]: "1" }],
    [{ [revision]: "3", [history]: "1" }, 5, { [revision]: "5", [history]: "1,3" }],
    [{ [revision]: "5", [history]: "1,3" }, 5, { [revision]: "5", [history]: "1,3" }],
  ];
  for (const [before, next, after] of rows) assert.deepEqual(newestAnnotations(webDeployment(), before, next), after);
});

test("a Deployment's annotations are copied, except those that are its own", () => {
  const deployment = webDeployment();
  const annotations = { note: "a", [revision]: "9", "kubectl.kubernetes.io/last-applied-configuration": "{}" };
  const copied = newestAnnotations({ ...deployment, metadata: { ...deployment.metadata, annotations } }, {}, 1);
  assert.deepEqual(copied, { note: "a", [revision]: "1" });
});

test("a long history loses its oldest revisions", () => {
  const long = Array.from({ length: 600 }, (_, index) => String(index)).join(",");
  const kept = newestAnnotations(webDeployment(), { [revision]: "600", [history]: long }, 601)[history] ?? "";
  assert.ok(kept.length <= 2000 && kept.endsWith(",599,600"));
});
