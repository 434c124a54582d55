import assert from "node:assert/strict";
import { test } from "node:test";
import { ProblemError } from "../../../model/problem.ts";
import { addressOf, isLoopback } from "./address.ts";

test("a repository's name says its registry, host and path; without a registry it is Docker Hub's", () => {
  for (const [name, registry, host, path] of [
    ["registry.example.com/team/backend", "registry.example.com", "registry.example.com", "team/backend"],
    ["localhost/app", "localhost", "localhost", "app"],
    ["registry:5000/app", "registry:5000", "registry:5000", "app"],
    ["node", "docker.io", "registry-1.docker.io", "library/node"],
    ["docker.io/node", "docker.io", "registry-1.docker.io", "library/node"],
    ["index.docker.io/team/app", "docker.io", "registry-1.docker.io", "team/app"],
    ["team/app", "docker.io", "registry-1.docker.io", "team/app"],
  ] as const) {
    assert.deepEqual(addressOf(name), { registry, host, path }, name);
  }
  for (const wrong of [
    "",
    "registry.example.com/",
    "a.b/Team",
    "a.b/x/../y",
    "a.b/x?y",
    "a b.c/x",
    "user:pass@a.b/x",
  ]) {
    assert.throws(
      () => addressOf(wrong),
      (error) => error instanceof ProblemError && error.problem.code === "registry-name-invalid",
      wrong,
    );
  }
});

test("only this machine is this machine", () => {
  const is = (url: string): boolean => isLoopback(new URL(url));
  for (const url of ["http://localhost:5000", "http://127.0.0.1", "http://127.8.9.1:1", "http://[::1]:5000"])
    assert.ok(is(url), url);
  for (const url of ["http://127.0.0.1.example.com", "http://localhost.example.com", "http://10.0.0.1"])
    assert.ok(!is(url), url);
});

test("an account in a name is refused and not shown", () => {
  assert.throws(
    () => addressOf("https://user:hunter2@registry.example.com/app"),
    (error) => error instanceof ProblemError && !JSON.stringify(error.problem).includes("hunter2"),
  );
});
