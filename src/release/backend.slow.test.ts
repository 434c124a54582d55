import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { folderCache } from "../io/files/folder-cache.ts";
import { findHostRuntime } from "../io/files/host-runtime.ts";
import { systemFiles } from "../io/files/system-files.ts";
import { openMirror } from "../io/git/mirror.ts";
import { systemProcesses } from "../io/process/system-processes.ts";
import { ociLayout } from "../io/registry/oci-layout.ts";
import type { ReleasedImage } from "../model/release.ts";
import { buildEnvironment } from "./build-environment.ts";
import { release } from "./release.ts";

const releaseYaml = `registry: oci:../images
images:
  backend:
    context: backend
    build: npm ci && npm run build
    base: node
    entrypoint: [node, dist/main.js]
    include: [dist, package.json]
deployment: { repository: ../deployment, path: staging/probe }
`;

function commit(folder: string): string {
  const git = (...args: string[]): string => {
    const date = "2026-01-02T03:04:05Z";
    const env = { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null", GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date };
    const identity = ["-c", "user.name=Dev", "-c", "user.email=dev@example.com"];
    return execFileSync("git", ["-C", folder, ...identity, ...args], { encoding: "utf8", env }).trim();
  };
  git("-c", "init.defaultBranch=main", "init", "-q");
  git("add", "-A");
  git("commit", "-q", "-m", "Change");
  git("checkout", "-q", "--detach");
  return git("rev-parse", "HEAD");
}

test("the backend is released from this machine's Node, its image runs, and a change of code moves kilobytes", async (t) => {
  const root = mkdtempSync(join(tmpdir(), "plumbline-backend-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const [source, deployment, images, rootfs] = ["source", "deployment", "images", "rootfs"].map((name) => {
    return join(root, name);
  }) as [string, string, string, string];
  const workloads = new URL("../../../workloads/", import.meta.url).pathname;
  cpSync(join(workloads, "backend"), join(source, "backend"), {
    recursive: true,
    filter: (path) => !/\/(node_modules|dist)$/.test(path),
  });
  writeFileSync(join(source, "release.yaml"), releaseYaml);
  cpSync(join(workloads, "manifests"), join(deployment, "staging/probe"), { recursive: true });
  const firstCommit = commit(source);
  commit(deployment);

  const releaseHead = async (): Promise<ReleasedImage> => {
    const result = await release(
      {
        processes: systemProcesses,
        files: systemFiles,
        hostRuntime: (programs) => findHostRuntime(systemProcesses, programs),
        openRegistry: () => ociLayout(images),
        openCache: () => folderCache(join(images, "plumbline", "cache")),
        openDeployment: (url, folder) => openMirror({ url, folder }),
      },
      {
        source,
        commitish: "main",
        author: { name: "Releaser", email: "release@example.com" },
        now: () => 1_800_000_000_000,
        environment: buildEnvironment(process.env),
      },
    );
    assert.ok(result.ok, JSON.stringify(result));
    assert.equal(result.value.deployment.pinned.length, 2, "the container's image and its IMAGE variable");
    return result.value.images[0] as ReleasedImage;
  };

  const first = await releaseHead();
  assert.ok(first.pushedBytes > 50_000_000, "the first image of a folder brings its runtime");

  const blob = (digest: string): string => join(images, "blobs/sha256", digest.slice("sha256:".length));
  const read = <T>(digest: string): T => JSON.parse(readFileSync(blob(digest), "utf8")) as T;
  const manifest = read<{ layers: { digest: string }[]; config: { digest: string } }>(first.digest);
  mkdirSync(rootfs);
  for (const { digest } of manifest.layers) execFileSync("tar", ["-xf", blob(digest), "-C", rootfs]);
  const { config } = read<{ config: { Env: string[]; WorkingDir: string; Entrypoint: string[]; User: string } }>(
    manifest.config.digest,
  );
  const env = Object.fromEntries(config.Env.map((text) => text.split(/=(.*)/s).slice(0, 2))) as Record<string, string>;
  assert.equal(config.User, "65532:65532");
  assert.equal(env["PLUMBLINE_COMMIT"], firstCommit);
  assert.equal(env["PLUMBLINE_VERSION"], firstCommit.slice(0, 7));
  assert.equal(env["PLUMBLINE_BUILT"], "2026-01-02T03:04:05Z");
  const folder = join(rootfs, config.WorkingDir);
  assert.deepEqual(readdirSync(folder).toSorted(), ["dist", "package.json"]);
  // A port that is none ends it at once: enough to see that this Node runs this code.
  const node = join(rootfs, "usr/local/bin/node");
  const said = execFileSync("sh", ["-c", `"$0" "$@" || true`, node, ...config.Entrypoint.slice(1)], {
    cwd: folder,
    env: { ...env, PORT: "none" },
    encoding: "utf8",
  });
  assert.match(said, /PORT: \\"none\\" is not a number/);

  await t.test(
    "it needs nothing of this machine but the kernel",
    {
      skip:
        process.platform !== "linux" || process.getuid?.() !== 0
          ? "only root may change the root folder, and only Linux has this runtime"
          : false,
    },
    () => {
      const inside = execFileSync("chroot", [rootfs, "/usr/local/bin/node", "-p", "process.version"], {
        env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
      });
      assert.equal(inside.toString().trim(), process.version);
    },
  );

  appendFileSync(join(source, "backend/src/settings.ts"), "\nexport const changed = true;\n");
  execFileSync("git", ["-C", source, "checkout", "-q", "main"]);
  commit(source);
  const second = await releaseHead();
  assert.notEqual(second.digest, first.digest);
  assert.ok(second.pushedBytes > 0 && second.pushedBytes < 64_000, `pushed ${second.pushedBytes} bytes`);
});
