import assert from "node:assert/strict";
import { test } from "node:test";
import { parseField } from "./ignore-rule.ts";

test("a field is written as records print it, or as a JSON pointer", () => {
  const cases: readonly (readonly [string, unknown])[] = [
    ["spec.replicas", ["spec", "replicas"]],
    ["/spec/replicas", ["spec", "replicas"]],
    ["/metadata/annotations/example.org~1a~0b", ["metadata", "annotations", "example.org/a~b"]],
    ['metadata.annotations["example.org/a"]', ["metadata", "annotations", "example.org/a"]],
    ["metadata.annotations['example.org/a']", ["metadata", "annotations", "example.org/a"]],
    ["spec.template.spec.containers[web].image", ["spec", "template", "spec", "containers", { name: "web" }, "image"]],
    ["spec.ports[port=53,protocol=UDP]", ["spec", "ports", { port: "53", protocol: "UDP" }]],
    ["spec.ports[*].nodePort", ["spec", "ports", {}, "nodePort"]],
    ["metadata.finalizers[a/b]", ["metadata", "finalizers", { name: "a/b" }]],
  ];
  for (const [text, steps] of cases) assert.deepEqual(parseField(text), steps, text);
});

test("what is neither is refused: places in lists, empty steps, open brackets, items of nothing", () => {
  const wrong = [
    "",
    "/",
    "//a",
    "/a/",
    "/spec/containers/0/image",
    "spec..a",
    "a.",
    "[web].image",
    "a[",
    "a[]",
    "a b",
    "a[x=]",
    "a[=x]",
    'a[""]',
  ];
  for (const text of wrong) assert.equal(parseField(text) ?? undefined, undefined, text);
});
