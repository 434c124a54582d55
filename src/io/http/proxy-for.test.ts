import assert from "node:assert/strict";
import { test } from "node:test";
import { proxyFor } from "./proxy-for.ts";

function proxyOf(url: string, environment: Record<string, string>): string | undefined {
  return proxyFor(new URL(url), environment)?.href;
}

test("the scheme of the URL chooses the variable, and lower case wins", () => {
  const environment = { HTTPS_PROXY: "http://a:1", HTTP_PROXY: "http://b:2", http_proxy: "c:3" };
  assert.equal(proxyOf("https://git.example/", environment), "http://a:1/");
  assert.equal(proxyOf("http://git.example/", environment), "http://c:3/");
  assert.equal(proxyOf("https://git.example/", {}), undefined);
  assert.equal(proxyOf("https://git.example/", { HTTPS_PROXY: " " }), undefined);
});

test("this machine is never behind a proxy", () => {
  const environment = { HTTPS_PROXY: "http://a:1" };
  for (const host of ["localhost", "127.0.0.1", "127.9.9.9", "[::1]", "x.localhost"])
    assert.equal(proxyOf(`https://${host}:6443/`, environment), undefined, host);
});

test("NO_PROXY spares names and what is below them, addresses, blocks and ports", () => {
  const spared: readonly (readonly [string, string, boolean])[] = [
    ["example.com", "https://example.com/", true],
    ["example.com", "https://git.example.com/", true],
    ["example.com", "https://badexample.com/", false],
    [".example.com", "https://git.example.com/", true],
    ["*.example.com", "https://git.example.com/", true],
    ["a, b example.com", "https://example.com/", true],
    ["EXAMPLE.com", "https://example.com/", true],
    ["*", "https://example.com/", true],
    ["example.com:8443", "https://example.com/", false],
    ["example.com:443", "https://example.com/", true],
    ["10.0.0.0/8", "https://10.1.2.3:6443/", true],
    ["10.0.0.0/8", "https://11.1.2.3/", false],
    ["10.0.0.0/99", "https://10.1.2.3/", false],
    ["fd00::/8", "https://[fd00::1]:6443/", true],
    ["10.1.2.3", "https://10.1.2.3/", true],
    [".", "https://example.com/", false],
  ];
  for (const [list, url, isSpared] of spared) {
    const proxy = proxyOf(url, { HTTPS_PROXY: "http://a:1", NO_PROXY: list });
    assert.equal(proxy === undefined, isSpared, `${list} ${url}`);
  }
});
