import assert from "node:assert/strict";
import { test } from "node:test";
import { pinReferences } from "./pin-references.ts";

const digest = `sha256:${"a".repeat(64)}`;
const old = `sha256:${"0".repeat(64)}`;
const pins = [{ repository: "example.org/web", reference: `example.org/web:v2@${digest}` }];

const spellings: readonly (readonly [name: string, before: string, after: string])[] = [
  [
    "a block, with comments",
    `images: # all\n  - name: example.org/web # ours\n    newTag: v1 # by hand\n  - name: other\n    newTag: v1\n`,
    `images: # all\n  - name: example.org/web # ours\n    newTag: v2 # by hand\n    digest: ${digest}\n  - name: other\n    newTag: v1\n`,
  ],
  [
    "a flow, with another name",
    `images: [{ name: web, newName: example.org/web, digest: "${old}" }]\n`,
    `images: [{ name: web, newName: example.org/web, digest: "${digest}", newTag: v2 }]\n`,
  ],
  [
    "nothing but the name",
    "images:\n- name: example.org/web",
    `images:\n- name: example.org/web\n  newTag: v2\n  digest: ${digest}`,
  ],
  [
    "a name that is renamed to something else",
    "images: [{ name: example.org/web, newName: example.org/fork }]\n",
    "images: [{ name: example.org/web, newName: example.org/fork }]\n",
  ],
];
for (const [name, before, after] of spellings) {
  test(`an image under images of a kustomization is pinned by tag and digest: ${name}`, () => {
    const once = pinReferences(before, "kustomization.yaml", pins);
    assert.ok(once.ok);
    assert.equal(once.value.text, after);
    const twice = pinReferences(after, "kustomization.yaml", pins);
    assert.deepEqual(twice.ok && twice.value.places.filter(({ changed }) => changed), []);
  });
}
