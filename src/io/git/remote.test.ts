import assert from "node:assert/strict";
import { test } from "node:test";
import { checkBranch, isPlainPath, parseRemote, redact } from "./remote.ts";

test("credentials are taken out of what is shown and given", () => {
  const remote = parseRemote("https://bot:p%40ss@forge.example/team/deploy.git");
  assert.deepEqual([remote.address, remote.shown], Array(2).fill("https://forge.example/team/deploy.git"));
  assert.equal(remote.authorization, `Basic ${Buffer.from("bot:p@ss").toString("base64")}`);
  const said = "fatal: unable to access 'https://bot:p%40ss@forge.example/': p@ss, https://x:y@z/";
  assert.equal(redact(said, remote), "fatal: unable to access 'https://forge.example/': ***, https://z/");
  assert.doesNotMatch(redact("token ghp_123 refused", parseRemote("https://ghp_123@forge.example/x")), /ghp_123/);
});

test("every way to name a repository is understood", () => {
  const cases: [string, string, boolean][] = [
    ["ssh://git@forge.example:2222/x.git", "ssh://git@forge.example:2222/x.git", false],
    ["git@forge.example:team/x.git", "git@forge.example:team/x.git", false],
    ["file:///srv/x%20y.git", "/srv/x y.git", true],
    ["/srv/x.git", "/srv/x.git", true],
    ["/srv/with:colon", "/srv/with:colon", true],
  ];
  for (const [url, address, local] of cases) {
    const remote = parseRemote(url);
    assert.deepEqual([remote.address, remote.folder !== undefined], [address, local], url);
  }
  assert.ok(parseRemote("./x").folder?.endsWith("/x"));
});

test("branches and paths that are traps are refused", () => {
  for (const branch of ["main", "plumbline/log", "feature/ä-1", "v1.2"]) checkBranch(branch);
  for (const branch of [
    "-f",
    "a..b",
    "/a",
    "a/",
    "a b",
    "a~1",
    "a^",
    "a:b",
    "a?",
    "a*",
    "a[",
    "a\\b",
    ".a",
    "a/.b",
    "a.lock",
    "a@{1}",
    "@",
    "",
  ]) {
    assert.throws(() => checkBranch(branch), { name: "ProblemError" }, branch);
  }
  for (const path of ["a", "a/b.yaml", ".hidden/x", "..a"]) assert.equal(isPlainPath(path), true, path);
  for (const path of ["", "/a", "a/", "a//b", "..", "a/../b", ".", ".git", "x/.Git/y", "a\nb", "a\0"])
    assert.equal(isPlainPath(path), false, path);
});
