import assert from "node:assert/strict";
import { test } from "node:test";
import { parseReleaseFile } from "./release-file.ts";

const good = `registry: oci:./images
images:
  frontend: { context: frontend, base: node, entrypoint: [node, dist/server.js] }
  backend:
    context: .
    build: npm ci && npm run build
    base: node
    entrypoint: [node, dist/main.js]
    include: [dist, package.json]
deployment: { repository: ../deployment.git, path: staging/probe }
`;

test("a good file is read, its images in the order of their names", () => {
  const parsed = parseReleaseFile(good);
  assert.ok(parsed.ok);
  assert.deepEqual(
    parsed.value.images.map(({ name }) => name),
    ["backend", "frontend"],
  );
  assert.deepEqual(parsed.value.registry, { kind: "layout", folder: "./images", name: "plumbline.local" });
  assert.deepEqual(parsed.value.deployment, { repository: "../deployment.git", path: "staging/probe", branch: "main" });
});

test("a registry is a folder, a folder with a name, or an address", () => {
  const registry = (text: string) => {
    const parsed = parseReleaseFile(good.replace("oci:./images", text));
    assert.ok(parsed.ok, JSON.stringify(parsed));
    return parsed.value.registry;
  };
  assert.deepEqual(registry("oci:/images"), { kind: "layout", folder: "/images", name: "plumbline.local" });
  const named = { kind: "layout", folder: "./i", name: "registry.example.com/team" };
  assert.deepEqual(registry("{ folder: ./i, name: registry.example.com/team }"), named);
  const network = { kind: "network", name: "registry.example.com/team", insecure: false };
  assert.deepEqual(registry("registry.example.com/team/"), network);
  assert.deepEqual(registry("{ name: registry.example.com/team }"), network);
  assert.deepEqual(registry("{ name: registry.example.com/team, insecure: true }"), { ...network, insecure: true });
});

const wrong: readonly (readonly [name: string, text: string, line: number, message: RegExp])[] = [
  ["an unknown key", good.replace("    build:", "    biuld:"), 6, /^images\.backend\.biuld: is not a key/],
  ["an unknown key at the top", `${good}extra: 1\n`, 11, /^extra: is not a key/],
  ["a missing key", good.replace("    base: node\n", ""), 4, /^images\.backend\.base: /],
  ["no images", good.replace(/images:[^]*deployment/, "images: {}\ndeployment"), 2, /^images: must name at least one/],
  ["a context outside", good.replace("context: .", "context: ../x"), 5, /^images\.backend\.context: .*without \.\./],
  ["an absolute path", good.replace("path: staging/probe", "path: /etc"), 10, /^deployment\.path: /],
  ["Git's own folder", good.replace("context: .", "context: a/.GIT"), 5, /^images\.backend\.context: /],
  ["an image's name", good.replace("  backend:", "  Backend:"), 4, /^images\.Backend: /],
  ["a wrong type", good.replace("entrypoint: [node, dist/main.js]", "entrypoint: node"), 8, /entrypoint: .*array/],
  ["not YAML", good.replace("[dist, package.json]", "[dist"), 10, /^is not YAML/],
  [
    "a key twice",
    good.replace("    base: node\n", "    base: node\n    base: node\n"),
    8,
    /^is not YAML: Map keys must be unique/,
  ],
  ["two documents", `${good}---\na: 1\n`, 11, /exactly one YAML document/],
  ["nothing", "", 1, /exactly one YAML document/],
  ["only a comment", "# nothing\n", 1, /./],
  ["a list", "- a\n", 1, /^the file: /],
  [
    "aliases without end",
    `a: &a [x]\nb: &b [${"*a,".repeat(9)}]\nc: &c [${"*b,".repeat(9)}]\nd: [${"*c,".repeat(9)}]\n`,
    1,
    /alias/i,
  ],
];
for (const [name, text, line, message] of wrong) {
  test(`refused by file and line: ${name}`, () => {
    const parsed = parseReleaseFile(text);
    assert.ok(!parsed.ok);
    const [problem] = parsed.problems;
    assert.match(problem?.message ?? "", message);
    assert.deepEqual(problem?.where, { file: "release.yaml", line }, problem?.message);
    assert.ok(problem?.remedy);
  });
}

test("every problem is said at once", () => {
  const parsed = parseReleaseFile(good.replace("    build:", "    biuld:").replace("path: staging", "path: /staging"));
  assert.ok(!parsed.ok);
  assert.equal(parsed.problems.length, 2);
});
