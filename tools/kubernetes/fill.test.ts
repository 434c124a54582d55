import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { parse } from "yaml";
import { requiredVersion } from "./commands.ts";
import { fill, filled, roomFile } from "./fill.ts";

test("names are replaced everywhere, and one without a value is an error", () => {
  assert.equal(fill("{{a}}-{{b}} {{a}} {c}", { a: "1", b: "2" }), "1-2 1 {c}");
  assert.throws(() => fill("{{a}} {{other}}", { a: "1" }), /other/);
});

test("what is filled in leaves YAML and JSON that can be read", async () => {
  const names = [
    "nodeName",
    "nodeAddress",
    "podRange",
    "dnsAddress",
    "cgroup",
    "folder",
    "registry",
    "registryAddress",
  ];
  const values = Object.fromEntries(names.map((name) => [name, `10.1.2.3:${name.length}`]));
  const files = readdirSync(roomFile("data")).filter((file) => /\.(yaml|conflist)$/.test(file));
  assert.ok(files.length >= 4);
  for (const file of files) assert.equal(typeof parse(await filled(file, values)), "object", file);
});

test("the pinned Kubernetes and everything that it is staged from are of one release", () => {
  const goMod = readFileSync(roomFile("go/go.mod"), "utf8");
  const version = requiredVersion(goMod);
  assert.match(version, /^v1\.34\.\d+$/);
  const staged = [...goMod.matchAll(/^\tk8s\.io\/\S+ => k8s\.io\/\S+ (v\S+)$/gm)].map(([, found]) => found);
  assert.ok(staged.length > 20);
  assert.deepEqual([...new Set(staged)], [version.replace("v1.", "v0.")]);
  assert.throws(() => requiredVersion("module other\n"), /does not require/);
});
