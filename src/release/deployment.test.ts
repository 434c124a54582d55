import assert from "node:assert/strict";
import { test } from "node:test";
import { commitMessage } from "./deployment.ts";

const image = (name: string) => ({
  name,
  repository: `plumbline.local/${name}`,
  tag: "v1.2.0",
  digest: `sha256:${"a".repeat(64)}`,
  pushedBytes: 0,
});
const released = {
  commit: "0123456789abcdef0123456789abcdef01234567",
  version: "1.2.0",
  source: "https://example.com/probe",
  images: [image("backend"), image("frontend")],
};

test("the commit says what was released where, and from which commit, for people and machines", () => {
  assert.equal(
    commitMessage({ path: "staging/probe", branch: "main" }, released),
    `Release probe 1.2.0 to staging

Pins what was built from commit 0123456789ab: backend, frontend.

Plumbline-Release: 0123456789abcdef0123456789abcdef01234567
Plumbline-Source: https://example.com/probe
Plumbline-Image: plumbline.local/backend:v1.2.0@sha256:${"a".repeat(64)}
Plumbline-Image: plumbline.local/frontend:v1.2.0@sha256:${"a".repeat(64)}
`,
  );
});

const subjects: readonly (readonly [path: string, subject: string])[] = [
  ["eu/production/probe", "Release probe 1.2.0 to eu/production"],
  ["staging", "Release 1.2.0 to staging"],
  [".", "Release 1.2.0"],
];
for (const [path, subject] of subjects) {
  test(`the subject for the path ${path} is "${subject}"`, () => {
    assert.equal(commitMessage({ path, branch: "main" }, released).split("\n", 1)[0], subject);
  });
}
