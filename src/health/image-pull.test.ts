import assert from "node:assert/strict";
import { test } from "node:test";
import { containerTrouble } from "./containers.ts";

function told(message: string): string {
  const status = {
    name: "main",
    image: "r.example/web:9",
    state: { waiting: { reason: "ImagePullBackOff", message } },
  };
  return containerTrouble(status, "pod web-1", {})?.message ?? "";
}

test("an image that is not pulled is told with its name, what that means and the cause, without what is wrapped around it", () => {
  const wrapped =
    'Back-off pulling image "r.example/web:9": ErrImagePull: rpc error: code = NotFound desc = failed to pull and unpack image ' +
    '"r.example/web:9": failed to resolve reference "r.example/web:9": r.example/web:9: not found';
  const start = "pod web-1: container main cannot start, its image r.example/web:9 cannot be pulled";
  assert.equal(told(wrapped), `${start}, since its registry has no such image: r.example/web:9: not found`);
  assert.equal(told('Back-off pulling image "r.example/web:9"'), start);
});

test("what a registry says is told in plain words, with the remedy", () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ["403 Forbidden", /, since its registry .* wants credentials for it \(imagePullSecrets\): 403 Forbidden$/],
    [
      "The registry r.example would not show 9 of web: it answered 401 Unauthorized.",
      /, since its registry .* wants credentials/,
    ],
    [
      "pull access denied, repository does not exist or may require authorization",
      /no such image, or wants credentials/,
    ],
    [
      "toomanyrequests: You have reached your pull rate limit.",
      /, since its registry limits how often it may be pulled: too/,
    ],
    ["dial tcp: i/o timeout", /, since its registry cannot be reached now: dial tcp/],
    ["no match for platform in manifest: not found", /, since it is not built for the platform of the node: no match/],
    ["manifest unknown", /, since its registry has no such image: manifest unknown$/],
    ["x509: certificate signed by unknown authority", /cannot be pulled: x509: certificate/],
  ];
  for (const [message, expected] of cases) assert.match(told(message), expected);
});
