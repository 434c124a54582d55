import assert from "node:assert/strict";
import { test } from "node:test";
import type { Json } from "../model/json.ts";
import { formatProblem } from "../model/problem.ts";
import { readDocuments } from "./read-documents.ts";

function values(text: string): Json[] {
  const result = readDocuments({ path: "f.yaml", content: Buffer.from(text) });
  assert.ok(result.ok, result.ok ? "" : result.problems.map(formatProblem).join());
  return result.value.map((read) => read.value);
}

function problem(content: string | Buffer): { code: string; said: string } {
  const result = readDocuments({ path: "f.yaml", content: Buffer.from(content) });
  const [first] = result.ok ? [] : result.problems;
  return { code: first?.code ?? "none", said: first ? formatProblem(first) : "" };
}

test("scalars are what kubectl takes them for", () => {
  const cases: [string, Json][] = [
    ["yes", true],
    ["No", false],
    ["on", true],
    ["OFF", false],
    ["y", true],
    ["N", false],
    ["true", true],
    ["False", false],
    ["~", null],
    ["null", null],
    ["", null],
    ["Null", null],
    ["12", 12],
    ["-7", -7],
    ["+3", 3],
    ["0777", 511],
    ["0o17", 15],
    ["0x1F", 31],
    ["0b101", 5],
    ["1_000", 1000],
    ["08", 8],
    ["1.5", 1.5],
    [".5", 0.5],
    ["1e3", 1000],
    ["1.", 1],
    ["-0.25", -0.25],
    ["12:30:45", "12:30:45"],
    ["2024-01-02", "2024-01-02"],
    ["1.2.3", "1.2.3"],
    ["e1234567", "e1234567"],
    ["1234e567", "1234e567"],
    ["100m", "100m"],
    ["1Gi", "1Gi"],
    ["0x", "0x"],
    ["<", "<"],
    ["'yes'", "yes"],
    ['"1"', "1"],
    ["!!str 12", "12"],
    ["!!int '12'", 12],
    ["!!float 1", 1],
    ["-", [null]],
  ];
  for (const [text, expected] of cases)
    assert.deepEqual(values(`a: ${text.startsWith("-") && text === "-" ? `\n- ` : text}\n`), [{ a: expected }], text);
});

test("merge keys and aliases are followed", () => {
  const text =
    "base: &b { a: 1, b: 2 }\nover: { <<: *b, b: 3 }\nboth: { <<: [*b, { c: 4 }] }\nsame: *b\nquoted: { '<<': 1 }\n";
  assert.deepEqual(values(text), [
    {
      base: { a: 1, b: 2 },
      over: { a: 1, b: 3 },
      both: { a: 1, b: 2, c: 4 },
      same: { a: 1, b: 2 },
      quoted: { "<<": 1 },
    },
  ]);
});

test("keys that are no text become text as in Go", () => {
  assert.deepEqual(values("1: a\ntrue: b\n1.5: c\n"), [{ "1": "a", true: "b", "1.5": "c" }]);
});

test("documents, Lists and JSON are taken apart, each with its line", () => {
  const text =
    "# comment\n---\n\nkind: A\n---\n---\n# nothing\n---\nkind: List\nmeta: {items: 1}\nitems:\n- kind: B\n-\n  kind: C\n- {kind: D}\nafter:\n- x\n";
  const result = readDocuments({ path: "f.yaml", content: Buffer.from(text) });
  assert.ok(result.ok);
  assert.deepEqual(
    result.value.map((read) => [read.value, read.where.line]),
    [
      [{ kind: "A" }, 4],
      [{ kind: "B" }, 12],
      [{ kind: "C" }, 14],
      [{ kind: "D" }, 15],
    ],
  );
  assert.deepEqual(values('\uFEFF{\n\t"kind": "A",\r\n\t"t": "\\ud83d\\ude00\\/"\n}\n'), [{ kind: "A", t: "😀/" }]);
  assert.deepEqual(values('{"kind":"ConfigMapList","items":[{"kind":"X"}]}'), [{ kind: "X" }]);
  assert.deepEqual(values(""), []);
});

test("what is wrong has a name and a line", () => {
  const deep = `a: ${"[".repeat(150)}${"]".repeat(150)}`;
  const cases: [string | Buffer, string, RegExp][] = [
    ["a: 1\nb: [1\n", "manifest-not-yaml", /^f\.yaml:\d+: The file is not valid YAML/],
    ["a: 1\n b: 2\n", "manifest-not-yaml", /^f\.yaml:2: /],
    ["x: 1\n---\na: 1\nb: 2\na: 3\n", "yaml-duplicate-key", /^f\.yaml:5: /],
    ["1: a\n'1': b\n", "yaml-duplicate-key", /^f\.yaml:1: /],
    ["a: *nowhere\n", "manifest-not-yaml", /^f\.yaml:1: /],
    ["a: !!python/object x\n", "manifest-not-yaml", /tag/],
    ["a: !!binary aGk=\n", "manifest-not-yaml", /tag/],
    ["a: .inf\n", "yaml-number-unsafe", /^f\.yaml:1: /],
    ["---\n\na: 12345678901234567890\n", "yaml-number-unsafe", /^f\.yaml:3: /],
    ["? [a]\n: 1\n", "yaml-key-refused", /key/],
    ["null: 1\n", "yaml-key-refused", /key/],
    ["__proto__: {x: 1}\n", "yaml-key-refused", /key/],
    ["a: &x [*x]\n", "yaml-endless", /alias/],
    [deep, "yaml-too-deep", /deeper/],
    ["a: \0\n", "manifest-not-yaml", /null byte/],
    [Buffer.from([0x61, 0x3a, 0xff]), "manifest-not-utf8", /UTF-8/],
  ];
  for (const [content, code, said] of cases) {
    const found = problem(content);
    assert.equal(found.code, code, `${JSON.stringify(String(content)).slice(0, 60)} -> ${found.said}`);
    assert.match(found.said, said);
  }
});

test("bombs are refused at once", () => {
  const layers = Array.from(
    { length: 9 },
    (_, n) =>
      `l${n}: &l${n} [${Array(9)
        .fill(n === 0 ? "lol" : `*l${n - 1}`)
        .join(", ")}]`,
  );
  assert.equal(problem(layers.join("\n")).code, "yaml-too-many-values");
  const many = `a: &a 1\nb: [${Array(2000).fill("*a").join(", ")}]`;
  assert.equal(problem(many).code, "yaml-too-many-aliases");
  assert.equal(problem("---\n".repeat(6000)).code, "too-many-documents");
  const ladder = Array.from({ length: 150 }, (_, n) => `l${n}: &l${n} [${n === 0 ? "1" : `*l${n - 1}`}]`);
  assert.equal(problem(ladder.join("\n")).code, "yaml-too-deep");
});

test("no message carries what the file says", () => {
  const secret = "hunter2hunter2";
  for (const text of [
    `password: ${secret}\n  broken: [\n`,
    `a: 1\na: ${secret}\n`,
    `a: "${secret}\n`,
    `a: !!int ${secret}\n`,
    `a: *${secret}\n`,
    `a: !${secret}\n`,
    `a: !${secret} b\n`,
    `a: !!${secret} b\n`,
  ]) {
    assert.doesNotMatch(JSON.stringify(readDocuments({ path: "f", content: Buffer.from(text) })), /hunter2/);
  }
});

test("a text that aliases repeat beyond what any cluster takes is refused, before it is one", () => {
  const repeated = [`a: &a "${"x".repeat(10_000)}"`, ...Array.from({ length: 500 }, (_, index) => `k${index}: *a`)];
  assert.equal(problem(repeated.join("\n")).code, "yaml-too-long");
});
