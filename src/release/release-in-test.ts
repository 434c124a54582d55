import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { systemClock } from "../io/clock/clock.ts";
import { folderCache } from "../io/files/folder-cache.ts";
import { systemFiles } from "../io/files/system-files.ts";
import { openMirror } from "../io/git/mirror.ts";
import { systemProcesses } from "../io/process/system-processes.ts";
import { networkRegistry } from "../io/registry/network/network-registry.ts";
import { ociLayout } from "../io/registry/oci-layout.ts";
import type { Release } from "../model/release.ts";
import type { ReleaseDoors, ReleaseEvent, ReleaseOptions } from "./doors.ts";
import { release } from "./release.ts";

/** For tests: git as a developer runs it. */
export const git = (folder: string, ...args: string[]): string =>
  execFileSync("git", ["-C", folder, "-c", "user.name=Dev", "-c", "user.email=dev@example.com", ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...process.env,
      GIT_CONFIG_GLOBAL: "/dev/null",
      GIT_AUTHOR_DATE: "2026-01-02T03:04:05Z",
      GIT_COMMITTER_DATE: "2026-01-02T03:04:05Z",
    },
  }).trim();

/** For tests: an application's repository, its deployment repository and its images, in one folder. */
export interface World {
  readonly root: string;
  readonly source: string;
  readonly deployment: string;
  readonly write: (path: string, text: string) => void;
  readonly commit: (message: string) => string;
  readonly release: (options?: Partial<ReleaseOptions>, through?: ReleaseDoors) => Promise<Release>;
  readonly attempt: (options?: Partial<ReleaseOptions>, through?: ReleaseDoors) => ReturnType<typeof release>;
  readonly events: ReleaseEvent[];
}

/** For tests: two images, one of them built. */
export const releaseYaml = `registry: oci:../images
images:
  one: { context: one, build: "mkdir dist && cat main.js > dist/main.js && echo built", base: node, entrypoint: [node, dist/main.js] }
  two: { context: two, base: node, entrypoint: [node, main.js] }
deployment: { repository: ../deployment.git, path: staging/probe }
`;
/** For tests: a manifest whose layout must survive. */
export const manifest = `# Where it runs.
kind: Deployment # kept
spec:
    image:   "plumbline.local/one:unreleased"   # odd layout, kept
    env: [ { name: IMAGE, value: plumbline.local/one:unreleased } ]
    other: 'plumbline.local/two'
`;

/** For tests: makes a world that is removed after the test. */
export function makeWorld(t: TestContext): World {
  const root = mkdtempSync(join(tmpdir(), "plumbline-release-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const [source, deployment, seed] = ["source", "deployment.git", "seed"].map((name) => join(root, name)) as [
    string,
    string,
    string,
  ];
  for (const [folder, ...args] of [[source], [deployment, "--bare"], [seed]] as [string, ...string[]][]) {
    execFileSync("git", ["init", "-q", "-b", "main", ...args, folder]);
  }
  const events: ReleaseEvent[] = [];
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(source, path)), { recursive: true });
    writeFileSync(join(source, path), text);
  };
  write("release.yaml", releaseYaml);
  write("one/main.js", "console.log(1);\n");
  write("two/main.js", "console.log(2);\n");
  const commit = (message: string): string => {
    git(source, "add", "-A");
    git(source, "commit", "-q", "--allow-empty", "-m", message);
    return git(source, "rev-parse", "HEAD");
  };
  commit("First");
  mkdirSync(join(seed, "staging/probe"), { recursive: true });
  writeFileSync(join(seed, "staging/probe/app.yaml"), manifest);
  writeFileSync(join(seed, "README.md"), "plumbline.local/one:unreleased\n");
  git(seed, "add", "-A");
  git(seed, "commit", "-q", "-m", "Seed");
  git(seed, "push", "-q", deployment, "main");
  const attempt = (options: Partial<ReleaseOptions> = {}, through = doors()): ReturnType<typeof release> =>
    release(through, {
      source,
      author: { name: "Releaser", email: "release@example.com" },
      now: () => 1_800_000_000_000,
      environment: { PATH: process.env["PATH"] ?? "" },
      onEvent: (event) => events.push(event),
      ...options,
    });
  return {
    root,
    source,
    deployment,
    write,
    commit,
    events,
    attempt,
    release: async (options, through) => {
      const result = await attempt(options, through);
      assert.ok(result.ok, JSON.stringify(result));
      return result.value;
    },
  };
}

/** A runtime of one small file: most of what is to be seen here does not depend on a hundred megabytes. */
const smallRuntime: ReleaseDoors["hostRuntime"] = () => {
  const source = new URL("release.slow.test.js", import.meta.url).pathname;
  return Promise.resolve({
    version: "v0",
    os: "linux",
    architecture: "amd64",
    files: [{ path: "usr/local/bin/node", source }],
  });
};

/** For tests: the real doors, with a small runtime; registries on the network are asked with this environment. */
export function doors(environment: { readonly [name: string]: string } = {}, cache = tmpdir()): ReleaseDoors {
  return {
    processes: systemProcesses,
    files: systemFiles,
    hostRuntime: smallRuntime,
    openRegistry: (place, onProgress) => {
      if (place.kind === "layout") return ociLayout(place.folder);
      const backOff = { baseMs: 1, maxMs: 10 };
      const common = { clock: systemClock, random: () => 0.5, processes: systemProcesses, attempts: 4, backOff };
      return networkRegistry({ ...common, location: place.name, environment, onProgress });
    },
    openCache: (place) => folderCache(place.kind === "layout" ? join(place.folder, "plumbline", "cache") : cache),
    openDeployment: (url, folder) => openMirror({ url, folder }),
  };
}

/** For tests: what the deployment repository holds. */
export const at = (world: World, spec: string): string => git(world.deployment, "show", spec);
/** For tests: the digests of a release's images. */
export const digests = (released: Release): string[] => released.images.map(({ digest }) => digest);
/** For tests: every file of a folder with size and time. */
export const snapshot = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const { mtimeMs, size } = statSync(join(entry.parentPath, entry.name));
      return `${entry.parentPath}/${entry.name} ${size} ${mtimeMs}`;
    })
    .toSorted();
