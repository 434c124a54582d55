import assert from "node:assert/strict";
import { test } from "node:test";
import { formatProblem } from "../../model/problem.ts";
import { wholePortion } from "../limits.ts";
import { buildInTest } from "./build-in-test.ts";
import { kustomize } from "./kustomize.ts";
import type { Sources } from "./sources.ts";

const secret = "apiVersion: v1\nkind: Secret\nmetadata: { name: a }\nstringData: { password: hunter2, text: a/b }\n";
const file = "s/app/kustomization.yaml";

function lines(count: number, line: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => line(index)).join("");
}

async function build(files: { readonly [path: string]: string }): Promise<string> {
  const built = await buildInTest({ "s/app/a.yaml": secret, ...files }, "s/app");
  return built.ok
    ? JSON.stringify(built.value.map(({ value }) => value))
    : built.problems.map(formatProblem).join("\n");
}

function operations(text: string): Promise<string> {
  return build({
    [file]: "resources: [a.yaml]\npatches: [{ target: { kind: Secret }, path: p.yaml }]\n",
    "s/app/p.yaml": text,
  });
}

for (const [what, operation] of [
  ["a pointer without a slash", "{ op: add, path: data, value: 1 }"],
  ["a pointer that is a number", "{ op: add, path: 3, value: 1 }"],
  ["a source that is a number", "{ op: move, from: 3, path: /x }"],
  ["nothing", "null"],
  ["no operation", "{ path: /x }"],
  ["a way into a text", "{ op: add, path: /kind/x, value: 1 }"],
  ["a way to a prototype", "{ op: add, path: /stringData/__proto__, value: { password: other } }"],
  ["a way to a constructor's prototype", "{ op: add, path: /constructor/prototype/x, value: 1 }"],
] as const) {
  test(`An operation with ${what} is refused, with the file of the patch`, async () => {
    assert.match(await operations(`- ${operation}\n`), /^s\/app\/p\.yaml: The patch cannot be used: .*operation 1/);
  });
}

test("An operation changes one of the places that an alias filled", async () => {
  const object = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\ndata: { x: &x { b: z }, w: *x }\n";
  const built = await build({
    [file]: `resources: [a.yaml]\npatches: [{ target: { kind: ConfigMap }, patch: '[{ op: add, path: /data/x/c, value: new }]' }]\n`,
    "s/app/a.yaml": object,
  });
  assert.match(built, /"data":\{"x":\{"b":"z","c":"new"\},"w":\{"b":"z"\}\}/);
});

for (const [what, refusal] of [
  ["a test of a secret", () => operations("- { op: test, path: /stringData/password, value: x }\n")],
  ["an alias that is a password", () => build({ [file]: "secretGenerator: [{ name: a, literals: [*hunter2] }]\n" })],
  ["a tag that is a password", () => build({ [file]: "secretGenerator: [{ name: a, literals: [!hunter2 x] }]\n" })],
  [
    "a line of a private key",
    () => build({ [file]: "secretGenerator: [{ name: b, envs: [e] }]\n", "s/app/e": "MII/hunter2==\n" }),
  ],
] as const) {
  test(`The refusal of ${what} does not say it`, async () => {
    const words = await refusal();
    assert.match(words, /^s\/app\/.*\b(cannot be used|not valid YAML)\b/);
    assert.doesNotMatch(words, /hunter2/);
  });
}

test("A name is matched in time that grows with the name alone", async () => {
  const patch = "'[{ op: add, path: /x, value: z }]'";
  for (const name of ["(a|a)*b", "(a+b?)+", "(a*)*"]) {
    const built = await build({
      [file]: `resources: [a.yaml]\npatches: [{ target: { name: '${name}' }, patch: ${patch} }]\n`,
      "s/app/a.yaml": secret.replace("name: a", `name: ${"a".repeat(200)}c`),
    });
    assert.match(
      built,
      /^\[\{"apiVersion":"v1","kind":"Secret","metadata":\{"name":"a+c"\},"stringData":\{[^}]*\}\}\]$/,
    );
  }
});

const containers = (letter: string): string =>
  `apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: d }\nspec: { template: { spec: { containers: [${lines(9000, (index) => `{ name: ${letter}${index} },`)}] } } }\n`;
const asksFor: readonly (readonly [what: string, files: { readonly [path: string]: string }, words: RegExp])[] = [
  [
    "an object that doubles with each operation",
    {
      [file]: "resources: [a.yaml]\npatches: [{ target: { kind: Secret }, path: p.yaml }]\n",
      "s/app/p.yaml": lines(60, (index) => `- { op: copy, from: /stringData, path: /stringData/n${index} }\n`),
    },
    /grows beyond/,
  ],
  [
    "a text that doubles with each replacement",
    {
      [file]: `resources: [a.yaml]\nreplacements:\n${lines(60, () => "- { source: { kind: Secret, fieldPath: stringData.text }, targets: [{ select: { kind: Secret }, fieldPaths: [stringData.text], options: { delimiter: /, index: 0 } }] }\n")}`,
    },
    /grows beyond/,
  ],
  [
    "a file many times",
    {
      [file]: `configMapGenerator:\n- name: a\n  files:\n${lines(1000, (index) => `  - k${index}=big\n`)}`,
      "s/app/big": "x".repeat(1_000_000),
    },
    /reads more than 33554432 bytes/,
  ],
  [
    "long lists to be merged",
    {
      [file]: "resources: [a.yaml]\npatches: [{ path: p.yaml }]\n",
      "s/app/a.yaml": containers("a"),
      "s/app/p.yaml": containers("b"),
    },
    /looks at more than/,
  ],
  [
    "a long way down",
    {
      [file]: "resources: [../b0]\n",
      ...Object.fromEntries(
        Array.from({ length: 200 }, (_, index) => [
          `s/b${index}/kustomization.yaml`,
          `resources: [../b${index + 1}]\n`,
        ]),
      ),
    },
    /below more than 100 others/,
  ],
  [
    "more than a kustomization is long",
    { [file]: `namePrefix: a # ${"x".repeat(70_000)}\n` },
    /at most 65536 are taken/,
  ],
];
for (const [what, files, words] of asksFor) {
  test(`A kustomization that asks for ${what} is refused, with the file`, async () => {
    const refusal = await build(files);
    assert.match(refusal, words);
    assert.match(refusal, /^s\/[^:\n]*kustomization\.yaml: /);
  });
}

test("An env file that is no text is refused, and not read as other letters", async () => {
  const contents = new Map([
    [file, Buffer.from("configMapGenerator: [{ name: a, envs: [e] }]\n")],
    ["s/app/e", Buffer.from([65, 61, 255, 254])],
  ]);
  const sources: Sources = {
    kind: (path) => (contents.has(path) ? "file" : undefined),
    read: (path) => Promise.resolve(contents.get(path) ?? Buffer.alloc(0)),
  };
  const built = await kustomize(sources, "s/app", () => false, wholePortion);
  assert.match(built.ok ? "" : built.problems.map(formatProblem).join(), /^s\/app\/e: .*is not UTF-8 text/);
});

test("A patch of several objects with a target is refused: each of them would be merged into all", async () => {
  const words = await operations(
    "apiVersion: v1\nkind: Secret\nmetadata: { name: a }\n---\napiVersion: v1\nkind: Secret\nmetadata: { name: b }\n",
  );
  assert.match(words, /^s\/app\/p\.yaml: .*several objects, and has a target/);
});
