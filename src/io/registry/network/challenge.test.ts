import assert from "node:assert/strict";
import { test } from "node:test";
import { challengeOf } from "./challenge.ts";

const bearer = { scheme: "bearer", realm: "https://auth.example.com/token", service: "registry.example.com" } as const;

test("challenges are read as registries write them, the strongest first", () => {
  for (const [header, expected] of [
    ['Bearer realm="https://auth.example.com/token",service="registry.example.com",scope="a:b:pull,push"', bearer],
    ['bearer  service = "registry.example.com", realm = "https://auth.example.com/token"', bearer],
    ["Bearer realm=https://auth.example.com/token, service=registry.example.com", bearer],
    ['Basic realm="x", Bearer realm="https://auth.example.com/token",service="registry.example.com"', bearer],
    [
      'Bearer realm="https://a.example/\\"quoted\\""',
      { scheme: "bearer", realm: 'https://a.example/"quoted"', service: undefined },
    ],
    ['Basic realm="Registry"', { scheme: "basic" }],
    ["basic", { scheme: "basic" }],
    ["Bearer", undefined],
    ["Negotiate", undefined],
    [undefined, undefined],
  ] as const) {
    assert.deepEqual(challengeOf(header), expected, header);
  }
});
