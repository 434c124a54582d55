import assert from "node:assert/strict";
import { test } from "node:test";
import { ociLayout } from "../io/registry/oci-layout.ts";
import { digestOf, imageConfig, imageManifest, mediaTypes, type ImageParts, type Layer } from "./image.ts";

const layer = (letter: string): Layer => {
  const digest = `sha256:${letter.repeat(64)}`;
  return { mediaType: mediaTypes.layer, digest, size: 1, diffId: digest };
};
const parts: ImageParts = {
  name: "backend",
  base: {
    name: "node v1",
    os: "linux",
    architecture: "amd64",
    layers: [layer("a")],
    env: ["PATH=/x", "NODE_ENV=dev"],
    digest: undefined,
    origin: { registry: ociLayout("/nowhere"), repository: "plumbline.local/base" },
    pushedBytes: 1,
  },
  layers: [layer("b"), layer("c")],
  entrypoint: ["node", "dist/main.js"],
  version: "1.2.0",
  commit: "0123456789abcdef0123456789abcdef01234567",
  built: "2026-01-02T03:04:05Z",
  source: "https://example.com/probe",
};

test("the configuration names user, environment, labels and the layers' diff ids, base first", () => {
  const config = JSON.parse(imageConfig(parts).toString("utf8")) as Record<string, unknown>;
  assert.deepEqual(config, {
    created: "2026-01-02T03:04:05Z",
    architecture: "amd64",
    os: "linux",
    config: {
      User: "65532:65532",
      Env: [
        "NODE_ENV=production",
        "PATH=/x",
        "PLUMBLINE_BUILT=2026-01-02T03:04:05Z",
        `PLUMBLINE_COMMIT=${parts.commit}`,
        "PLUMBLINE_VERSION=1.2.0",
      ],
      Entrypoint: ["node", "dist/main.js"],
      WorkingDir: "/app",
      Labels: {
        "org.opencontainers.image.base.name": "node v1",
        "org.opencontainers.image.created": "2026-01-02T03:04:05Z",
        "org.opencontainers.image.revision": parts.commit,
        "org.opencontainers.image.source": "https://example.com/probe",
        "org.opencontainers.image.title": "backend",
        "org.opencontainers.image.version": "1.2.0",
      },
    },
    rootfs: { type: "layers", diff_ids: ["a", "b", "c"].map((letter) => `sha256:${letter.repeat(64)}`) },
  });
});

test("the manifest's digest depends on nothing but the parts", () => {
  const manifest = imageManifest(parts, imageConfig(parts));
  const read = JSON.parse(manifest.toString("utf8")) as { layers: object[]; config: { digest: string } };
  assert.deepEqual(
    read.layers.map((each) => Object.keys(each)),
    [1, 2, 3].map(() => ["mediaType", "digest", "size"]),
  );
  assert.equal(read.config.digest, digestOf(imageConfig(parts)));
  assert.equal(digestOf(manifest), "sha256:4a847abda7d9b1d6d850008af47087b6e5807ffc8cc16d491c60161f9f1866a2");
});
