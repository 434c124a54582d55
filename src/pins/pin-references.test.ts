import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { pinReferences, type Pin } from "./pin-references.ts";

const full = `plumbline.local/one:v1@sha256:${"a".repeat(64)}`;
const one: Pin = { repository: "plumbline.local/one", reference: full };
const old = `sha256:${"0".repeat(64)}`;

function pin(text: string): { readonly text: string; readonly lines: readonly number[] } {
  const result = pinReferences(text, "app.yaml", [one]);
  assert.ok(result.ok, JSON.stringify(result));
  return { text: result.value.text, lines: result.value.places.map(({ line }) => line) };
}

const spellings: readonly (readonly [name: string, before: string, after: string])[] = [
  ["plain", "image: plumbline.local/one:x", `image: ${full}`],
  ["without tag", "image: plumbline.local/one", `image: ${full}`],
  ["with digest", `image: plumbline.local/one@${old}`, `image: ${full}`],
  ["with tag and digest", `image: plumbline.local/one:x@${old} # why`, `image: ${full} # why`],
  ["single quotes", "image:   'plumbline.local/one:x'", `image:   '${full}'`],
  ["double quotes", 'image: "plumbline.local/one:x"', `image: "${full}"`],
  [
    "escapes",
    String.raw`image: "plumbline.local\u002fone:x" # plumbline.local/one`,
    `image: "${full}" # plumbline.local/one`,
  ],
  ["a tag of YAML's own", "image: !!str plumbline.local/one:x", `image: !!str ${full}`],
  ["a folded block", "image: >-\n  plumbline.local/one:x\nb: 1", `image: >-\n  ${full}\nb: 1`],
  ["flow", "e: [ { name: IMAGE, value: plumbline.local/one:x }, 'b' ]", `e: [ { name: IMAGE, value: ${full} }, 'b' ]`],
  ["JSON", '{"image":"plumbline.local/one:x"}', `{"image":"${full}"}`],
  ["an anchor and its alias", "a: &i plumbline.local/one:x\nb: *i", `a: &i ${full}\nb: *i`],
  ["documents", "a: plumbline.local/one:1\n---\nb: plumbline.local/one:2\n...\n", `a: ${full}\n---\nb: ${full}\n...\n`],
  ["Windows' line ends", "# ä\r\nimage: plumbline.local/one:x\r\nb: 1\r\n", `# ä\r\nimage: ${full}\r\nb: 1\r\n`],
  ["letters outside of the basic plane", "a: 🙂\nimage: plumbline.local/one:x", `a: 🙂\nimage: ${full}`],
  ["a byte order mark", "\uFEFFimage: plumbline.local/one:x\n", `\uFEFFimage: ${full}\n`],
];
for (const [name, before, after] of spellings) {
  test(`a reference is pinned in its own spelling: ${name}`, () => {
    assert.equal(pin(before).text, after);
    assert.equal(pin(after).text, after, "pinned again it stays");
  });
}

const others: readonly (readonly [name: string, text: string])[] = [
  ["another image whose name begins alike", "image: plumbline.local/one-more:x"],
  ["an image below that name", "image: plumbline.local/one/more:x"],
  ["a comment", "# plumbline.local/one:x\na: 1"],
  ["a text that mentions it", "a: see plumbline.local/one:x there"],
  ["a key", "plumbline.local/one: 1"],
  ["the name alone, with its tag elsewhere", "images:\n  - name: plumbline.local/one\n    newTag: x"],
  ["another registry", "image: example.com/plumbline.local/one:x"],
];
for (const [name, text] of others) {
  test(`left alone: ${name}`, () => assert.deepEqual(pin(text), { text, lines: [] }));
}

test("a file that is not YAML is refused by line, unless it has nothing to pin", () => {
  const result = pinReferences("a: 1\nimage: plumbline.local/one:x\nb: [\n", "app.yaml", [one]);
  assert.ok(!result.ok);
  assert.equal(result.problems[0]?.where?.file, "app.yaml");
  assert.ok((result.problems[0]?.where?.line ?? 0) >= 3);
  assert.ok(pinReferences("{{ template }}: [", "app.yaml", [one]).ok);
});

test("a map of fifty thousand keys takes no time to speak of", () => {
  const text = `${Array.from({ length: 50_000 }, (_, index) => `key${index}: ${index}`).join("\n")}\nimage: plumbline.local/one:x\n`;
  assert.deepEqual(pin(text).lines, [50_001]);
});

test("whatever the layout, nothing changes but the references, and the lines are theirs", () => {
  const line = fc.constantFrom(
    "# a comment: with [things] & plumbline.local/one:x",
    "",
    "key: value   # trailing",
    'text: "a # b: c\\n"',
    "list: [ 1,2 ,  3 ]",
    "  - odd",
    "block: |\n    one\n\n    two  \n",
    "emoji: '🙂 ä'",
    "---",
    "image: REF",
    "image:    'REF' # kept",
    '"image" :  "REF"',
    "env: [ { value: REF }, { value: other } ]",
  );
  const document = fc.array(line, { maxLength: 12 }).map((lines) => {
    // Keys occur once a document, and items only below a key.
    const kept = lines.filter((text) => text !== "  - odd");
    return kept.map((text, index) => text.replace(/^("?)(\w+)/, `$1$2${index}`)).join("\n");
  });
  const reference = fc.constantFrom(
    "plumbline.local/one:x",
    "plumbline.local/one",
    `plumbline.local/one:1.2@${old}`,
    full,
  );
  fc.assert(
    fc.property(document, reference, fc.boolean(), (template, ref, windows) => {
      const laid = windows ? template.replaceAll("\n", "\r\n") : template;
      const pinned = pin(laid.replaceAll("REF", ref));
      assert.equal(pinned.text, laid.replaceAll("REF", full));
      const lines = laid.split("\n").flatMap((text, index) => (text.includes("REF") ? [index + 1] : []));
      assert.deepEqual(pinned.lines, lines);
    }),
    { numRuns: 300 },
  );
});
