import assert from "node:assert/strict";
import { test } from "node:test";
import { Schema } from "../schema.ts";
import { itemElement, partsOf } from "./parts.ts";

const list = new Schema(
  {
    type: "array",
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["name", "port", "protocol"],
    items: { type: "object", properties: { protocol: { type: "string", default: "TCP" } } },
  },
  {},
);
const bare = new Schema(
  { type: "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["a", "b"] },
  {},
);

test("an item is known by the keys that it has and those that have a default, and needs one", () => {
  assert.equal(itemElement(list, { port: 80, other: 1 }), 'k:{"port":80,"protocol":"TCP"}');
  assert.equal(itemElement(bare, { b: null }), 'k:{"b":null}');
  const problem =
    'associative list with keys has an element that omits all key fields ["a" "b"] (and doesn\'t have default values for any key fields)';
  assert.deepEqual(itemElement(bare, { c: 1 }), { problem });
});

test("items that share their keys are one part, compared as a whole", () => {
  const parts = partsOf(bare, [{ a: 1, x: 1 }, { a: 2 }, { a: 1, x: 2 }]);
  assert.deepEqual(
    [...parts].map(([element, { value }]) => [element, value]),
    [
      [
        'k:{"a":1}',
        [
          { a: 1, x: 1 },
          { a: 1, x: 2 },
        ],
      ],
      ['k:{"a":2}', { a: 2 }],
    ],
  );
});
