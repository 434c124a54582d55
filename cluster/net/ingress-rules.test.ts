import assert from "node:assert/strict";
import { test } from "node:test";
import { type IngressObject, routeFor } from "./ingress-rules.ts";

type Rule = readonly [host: string, path: string, pathType: string, service: string];

function ingress(rules: readonly Rule[], fallback?: string): IngressObject {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: { name: "i", namespace: "n" },
    spec: {
      ...(fallback ? { defaultBackend: { service: { name: fallback, port: { number: 80 } } } } : {}),
      rules: rules.map(([host, path, pathType, name]) => ({
        ...(host ? { host } : {}),
        http: { paths: [{ path, pathType, backend: { service: { name, port: { number: 80 } } } }] },
      })),
    },
  };
}

const all = [
  ingress([
    ["", "/", "Prefix", "any"],
    ["", "/api", "Prefix", "api"],
    ["", "/api/exact", "Exact", "exact"],
    ["shop.example", "/", "Prefix", "shop"],
    ["*.example", "/", "Prefix", "wild"],
  ]),
];

for (const [host, path, service] of [
  ["x", "/", "any"],
  ["x:8080", "/api", "api"],
  ["x", "/api/", "api"],
  ["x", "/apis", "any"],
  ["x", "/api/exact", "exact"],
  ["x", "/api/exact/more", "api"],
  ["shop.example:80", "/api", "shop"],
  ["SHOP.example", "/", "shop"],
  ["other.example", "/api", "wild"],
  ["a.other.example", "/api", "api"],
] as const) {
  test(`A request for ${host}${path} goes to ${service}`, () => {
    assert.equal(routeFor(all, host, path)?.backend.service?.name, service);
  });
}

test("Without a fitting rule the default backend answers, and without one nobody", () => {
  assert.equal(routeFor([ingress([["a", "/", "Prefix", "a"]])], "b", "/"), undefined);
  assert.equal(routeFor([ingress([["a", "/", "Prefix", "a"]], "rest")], "b", "/")?.backend.service?.name, "rest");
});
