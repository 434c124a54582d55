import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonMap } from "../json.ts";
import { schemaOf } from "../schema.ts";
import { strategicMerge } from "./strategic-merge.ts";

const schema = schemaOf("", "v1", "Pod");

function pod(spec: JsonMap): JsonMap {
  return { metadata: { name: "p", finalizers: ["a", "b"] }, spec };
}

const live = pod({
  containers: [
    { name: "web", image: "web:1", args: ["x"], env: [{ name: "A", value: "1" }] },
    { name: "side", image: "side:1" },
  ],
  volumes: [{ name: "v", emptyDir: {} }],
});

function patched(spec: JsonMap): JsonMap {
  return strategicMerge(schema, live, { spec })["spec"] as JsonMap;
}

test("list items are merged by key, and other lists replaced", () => {
  const { containers } = patched({ containers: [{ name: "web", args: ["y"], env: [{ name: "B", value: "2" }] }] });
  assert.deepEqual(containers, [
    {
      name: "web",
      image: "web:1",
      args: ["y"],
      env: [
        { name: "B", value: "2" },
        { name: "A", value: "1" },
      ],
    },
    { name: "side", image: "side:1" },
  ]);
});

test("directives delete, replace and order items", () => {
  const names = (spec: JsonMap): unknown => (patched(spec)["containers"] as JsonMap[]).map(({ name }) => name);
  assert.deepEqual(names({ containers: [{ name: "web", $patch: "delete" }] }), ["side"]);
  assert.deepEqual(names({ containers: [{ $patch: "replace" }, { name: "new", image: "n" }] }), ["new"]);
  const order = [{ name: "side" }, { name: "new" }, { name: "web" }];
  const wanted = { "$setElementOrder/containers": order, containers: [{ name: "new", image: "n" }] };
  assert.deepEqual(names(wanted), ["side", "new", "web"]);
  assert.deepEqual(names({ "$setElementOrder/containers": order }), ["side", "web"]);
});

test("$retainKeys clears the other member of a union, and null removes", () => {
  const volume = { name: "v", $retainKeys: ["name", "configMap"], configMap: { name: "c", items: null } };
  assert.deepEqual(patched({ volumes: [volume] })["volumes"], [{ name: "v", configMap: { name: "c" } }]);
  assert.equal("volumes" in patched({ volumes: null }), false);
});

test("scalars are added in front, as merged items are, and deleted by name", () => {
  const metadata = { finalizers: ["c"], "$deleteFromPrimitiveList/finalizers": ["a"] };
  const result = strategicMerge(schema, live, { metadata })["metadata"] as JsonMap;
  assert.deepEqual(result["finalizers"], ["c", "b"]);
});

test("what cannot be merged is refused in Kubernetes' words", () => {
  const refusals: readonly (readonly [JsonMap, number, string])[] = [
    [{ containers: [{ image: "x" }] }, 500, "map: map[image:x] does not contain declared merge key: name"],
    [{ volumes: [{ name: "v", $retainKeys: ["name"], emptyDir: {} }] }, 400, "invalid patch format of retainKeys"],
    [{ $patch: "grow" }, 500, "unknown patch type: grow in map: map[$patch:grow]"],
    [
      { "$setElementOrder/containers": [{ name: "side" }], containers: [{ name: "web", image: "x" }] },
      500,
      "The order in patch list:\n[map[image:x name:web]]\n doesn't match $setElementOrder list:\n[map[name:side]]\n",
    ],
  ];
  for (const [spec, code, message] of refusals) assert.throws(() => patched(spec), { code, message });
});
