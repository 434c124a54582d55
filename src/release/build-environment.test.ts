import assert from "node:assert/strict";
import { test } from "node:test";
import { buildEnvironment } from "./build-environment.ts";

test("a build sees how to reach programs and the network, and no more of its surroundings", () => {
  const seen = buildEnvironment({
    PATH: "/bin",
    HOME: "/home/me",
    HTTPS_PROXY: "http://proxy",
    npm_config_registry: "https://npm.example.com",
    npm_config_omit: "dev",
    NODE_ENV: "production",
    SECRET_TOKEN: "secret",
    GIT_DIR: "/elsewhere",
  });
  assert.deepEqual(seen, {
    PATH: "/bin",
    HTTPS_PROXY: "http://proxy",
    npm_config_cache: "/home/me/.npm",
    npm_config_userconfig: "/home/me/.npmrc",
    npm_config_prefer_offline: "true",
    npm_config_registry: "https://npm.example.com",
  });
});

test("what npm was told of its cache holds", () => {
  assert.equal(buildEnvironment({ HOME: "/h", npm_config_cache: "/c" })["npm_config_cache"], "/c");
});
