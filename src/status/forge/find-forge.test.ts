import assert from "node:assert/strict";
import { test } from "node:test";
import { findForge } from "./find-forge.ts";
import type { ForgeKind } from "./forge.ts";

test("the forge and the repository on it follow from the repository's URL", () => {
  const cases: readonly (readonly [string, ForgeKind | undefined, string, string])[] = [
    ["https://github.com/team/shop.git", undefined, "https://api.github.com", "team/shop"],
    ["git@github.com:team/shop.git", undefined, "https://api.github.com", "team/shop"],
    ["ssh://git@gitlab.com:22/group/sub/shop.git", undefined, "https://gitlab.com/api/v4", "group/sub/shop"],
    ["https://codeberg.org/team/shop/", undefined, "https://codeberg.org/api/v1", "team/shop"],
    ["https://git.example.com:8443/team/shop", "gitea", "https://git.example.com:8443/api/v1", "team/shop"],
    ["ssh://git@git.example.com:2222/team/shop", "github", "https://git.example.com/api/v3", "team/shop"],
  ];
  for (const [url, kind, api, path] of cases) {
    const found = findForge(url, kind, undefined);
    assert.deepEqual([found.api, found.path], [api, path], url);
  }
  assert.equal(
    findForge("https://x.example.com/a/b", "gitlab", "https://api.example.com/v4/").api,
    "https://api.example.com/v4",
  );
});

test("a host of which nothing is known has to be named, and a folder is on no forge", () => {
  assert.throws(
    () => findForge("https://git.example.com/a/b", undefined, undefined),
    /Which forge git\.example\.com is/,
  );
  assert.throws(() => findForge("/srv/shop.git", undefined, undefined), /Which forge the repository is on/);
  assert.throws(() => findForge("/srv/shop.git", "github", undefined), /names no owner and repository/);
});
