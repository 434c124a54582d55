import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { folderCache } from "../io/files/folder-cache.ts";
import { systemFiles } from "../io/files/system-files.ts";
import { systemProcesses } from "../io/process/system-processes.ts";
import { ociLayout } from "../io/registry/oci-layout.ts";
import type { Problem } from "../model/problem.ts";
import { applicationLayers, type ApplicationLayers } from "./application-layers.ts";
import { resolveBase } from "./base.ts";
import { imageConfig, imageManifest, mediaTypes, type Base } from "./image.ts";
import { problemsOf } from "./problems.ts";
import type { ImageRecipe } from "./release-file.ts";
import { sourceRepository } from "./source-repository.ts";

const base: Base = {
  name: "none",
  digest: undefined,
  os: "linux",
  architecture: "amd64",
  layers: [],
  env: [],
  origin: { registry: ociLayout("/nowhere"), repository: "none" },
  pushedBytes: 0,
};
const path = process.env["PATH"] ?? "";

interface World {
  readonly images: string;
  readonly doors: Parameters<typeof applicationLayers>[0];
  readonly build: (recipe: Partial<ImageRecipe>, fresh?: boolean) => Promise<ApplicationLayers>;
  /** What each layer holds, as tar lists it. */
  readonly contents: (built: ApplicationLayers) => string[][];
}

async function makeWorld(t: TestContext): Promise<World> {
  const root = mkdtempSync(join(tmpdir(), "plumbline-layers-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const [source, images] = [join(root, "source"), join(root, "images")];
  mkdirSync(join(source, "app"), { recursive: true });
  writeFileSync(join(source, "outside.txt"), "outside\n");
  writeFileSync(join(source, "app", "main.js"), "1\n");
  const git = (...args: string[]): void => {
    const identity = ["-c", "user.name=Dev", "-c", "user.email=dev@example.com", "-c", "init.defaultBranch=main"];
    execFileSync("git", ["-C", source, ...identity, ...args]);
  };
  git("init", "-q");
  git("add", "-A");
  git("commit", "-q", "-m", "First");
  const repository = sourceRepository(systemProcesses, source, path);
  const { id } = await repository.resolve("HEAD");
  const tree = (await repository.treeAt(id, "app")) ?? "";
  const registry = ociLayout(images);
  const cache = folderCache(join(root, "cache"));
  const doors = { processes: systemProcesses, files: systemFiles, repository, registry, cache };
  return {
    images,
    doors,
    build: (recipe, fresh = false) => {
      const image = { name: "app", context: "app", base: "node", entrypoint: ["node"], ...recipe };
      const nothing = (): void => undefined;
      const build = {
        image,
        tree,
        environment: { PATH: path },
        onStart: nothing,
        onOutput: nothing,
        signal: undefined,
      };
      return applicationLayers(doors, build, [base], "x/app", fresh);
    },
    contents: ({ layers }) =>
      layers.map(({ digest }) =>
        execFileSync("tar", ["-tf", join(images, "blobs/sha256", digest.slice("sha256:".length))], { encoding: "utf8" })
          .split("\n")
          .filter((name) => name !== "" && !name.endsWith("/")),
      ),
  };
}

async function problemOf(work: Promise<unknown>): Promise<Problem | undefined> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return problemsOf(error)?.[0];
}

const npmLike = `mkdir -p node_modules/a node_modules/tool/node_modules/b node_modules/.bin dist
echo a > node_modules/a/index.js; echo tool > node_modules/tool/run.js; echo b > node_modules/tool/node_modules/b/index.js
ln -s ../a/index.js node_modules/.bin/a; ln -s ../tool/run.js node_modules/.bin/tool
echo '{"packages":{"node_modules/a":{},"node_modules/tool":{"dev":true},"node_modules/tool/node_modules/b":{"dev":true}}}' > node_modules/.package-lock.json
cp main.js dist/main.js; chmod 700 dist/main.js; umask 077; echo hidden > dist/private.txt`;

test("dependencies are a layer of their own, without what only the build needed", async (t) => {
  const { build, contents } = await makeWorld(t);
  assert.deepEqual(contents(await build({ build: npmLike })), [
    ["app/node_modules/.bin/a", "app/node_modules/a/index.js"],
    ["app/dist/main.js", "app/dist/private.txt", "app/main.js"],
  ]);
  assert.deepEqual(contents(await build({ build: npmLike, include: ["dist"] })), [
    ["app/dist/main.js", "app/dist/private.txt"],
  ]);
});

test("the same source is built once; without the memory of it the bytes are the same", async (t) => {
  const { build } = await makeWorld(t);
  const first = await build({ build: npmLike });
  const again = await build({ build: npmLike });
  const fresh = await build({ build: npmLike }, true);
  assert.deepEqual([first.reused, again.reused, fresh.reused], [false, true, false]);
  assert.deepEqual([again.layers, fresh.layers], [first.layers, first.layers]);
  assert.deepEqual([again.pushedBytes, fresh.pushedBytes], [0, 0]);
  assert.equal((await build({ build: `${npmLike}\n` })).reused, false, "another command is another build");
});

test("a build sees its context and its own HOME, and nothing of the surroundings", async (t) => {
  const { build, images } = await makeWorld(t);
  process.env["PLUMBLINE_TEST_SECRET"] = "seen";
  t.after(() => delete process.env["PLUMBLINE_TEST_SECRET"]);
  const built = await build({
    build: 'ls .. > around; ls -A "$HOME" > home; env > variables',
    include: ["around", "variables"],
  });
  const [layer] = built.layers;
  const blob = join(images, "blobs/sha256", layer?.digest.slice("sha256:".length) ?? "");
  const read = (name: string): string => execFileSync("tar", ["-xOf", blob, `app/${name}`], { encoding: "utf8" });
  assert.deepEqual(read("around").split("\n"), ["context", "home", ""]);
  assert.doesNotMatch(read("variables"), /PLUMBLINE_TEST_SECRET/);
  assert.match(read("variables"), /^SOURCE_DATE_EPOCH=0$/m);
});

test("refused: a part that the build did not make, and a link that leaves the folder", async (t) => {
  const { build } = await makeWorld(t);
  const missing = await problemOf(build({ include: ["dist"] }));
  assert.equal(missing?.code, "include-missing");
  const escaping = await problemOf(build({ build: "ln -s /etc/passwd users" }));
  assert.equal(escaping?.code, "link-escapes");
  assert.match(escaping?.message ?? "", /users to \/etc\/passwd/);
});

test("an image of the same registry is a base by its digest, and its layers and variables come along", async (t) => {
  const { build, doors } = await makeWorld(t);
  const { registry, cache, files } = doors;
  const { layers } = await build({});
  const parts = {
    name: "app",
    base: { ...base, env: ["BASE=1"] },
    layers,
    entrypoint: ["node"],
    version: "1",
    commit: "c",
  };
  const config = imageConfig({ ...parts, built: "2026-01-01T00:00:00Z", source: undefined });
  const manifest = imageManifest({ ...parts, built: "2026-01-01T00:00:00Z", source: undefined }, config);
  const bytes = async function* (content: Buffer): AsyncGenerator<Uint8Array> {
    yield content;
  };
  const stored = await registry.putBlob("x/app", () => bytes(config));
  const { digest } = await registry.putManifest("x/app", "v1", manifest, mediaTypes.manifest);
  const hostRuntime = () => Promise.reject(new Error("not asked for"));
  const resolve = (name: string) =>
    resolveBase({ registry, cache, files, hostRuntime, openOther: () => registry }, name, "x/other");

  const [resolved, ...others] = await resolve(`x/app:v1@${digest}`);
  assert.ok(resolved !== undefined && others.length === 0);
  assert.deepEqual(resolved.layers, layers);
  assert.deepEqual([resolved.name, resolved.os, resolved.architecture], [`x/app@${digest}`, "linux", "amd64"]);
  assert.ok(resolved.env.includes("BASE=1"));
  assert.equal((await problemOf(resolve(`x/app@${stored.digest}`)))?.code, "base-unusable");
  assert.equal((await problemOf(resolve(`x/app@sha256:${"0".repeat(64)}`)))?.code, "blob-missing");
  for (const unpinned of ["x/app:v1", "x/app", "Not A Name"]) {
    assert.equal((await problemOf(Promise.resolve().then(() => resolve(unpinned))))?.code, "base-unpinned");
  }
});
