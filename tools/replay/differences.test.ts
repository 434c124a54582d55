import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ApiServer } from "../../cluster/api/server.ts";
import { TurnedClock } from "../../cluster/turned-clock.ts";
import { differences } from "./differences.ts";
import { unexplained, withReasons } from "./reasons.ts";

test("each difference that is meant stands in the cluster's README", () => {
  const text = readFileSync(new URL("../../../cluster/README.md", import.meta.url), "utf8");
  for (const { title } of differences) assert.ok(text.includes(`**${title}**`), title);
});

test("only what is meant is explained: what is served must be listed, and a version must be there", () => {
  const missing = [
    "resources[bindings]",
    "resources[pods/exec]",
    "resources[pods].subresources[exec]",
    "resources[pods]",
  ];
  const found = [
    ...missing.map((path) => ({ path: `body.${path}`, expected: {}, got: undefined })),
    { path: "body.paths[/apis/apps]", expected: "/apis/apps", got: undefined },
    { path: "body.paths[/apis/node.k8s.io/v1]", expected: "/apis/node.k8s.io/v1", got: undefined },
    { path: "body.resources[bindings]", expected: undefined, got: {} },
  ];
  const left = unexplained(withReasons(found, "GET /api/v1", new ApiServer(new TurnedClock())));
  assert.deepEqual(
    left.map(({ path, got }) => [path, got]),
    [
      ["body.resources[pods]", undefined],
      ["body.paths[/apis/apps]", undefined],
      ["body.resources[bindings]", {}],
    ],
  );
});
