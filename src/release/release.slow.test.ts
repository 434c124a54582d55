import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ociLayout } from "../io/registry/oci-layout.ts";
import type { Release } from "../model/release.ts";
import type { ReleaseEvent } from "./doors.ts";
import { release } from "./release.ts";
import { at, digests, doors, git, makeWorld, manifest, releaseYaml, snapshot, type World } from "./release-in-test.ts";

test("a release pins every reference by one commit and touches nothing else", async (t) => {
  const world = makeWorld(t);
  git(world.source, "tag", "v1.2.0");
  const released = await world.release();
  const [one, two] = digests(released);
  const pinned = manifest
    .replaceAll("one:unreleased", `one:v1.2.0@${one}`)
    .replace("plumbline.local/two", `plumbline.local/two:v1.2.0@${two}`);
  assert.equal(`${at(world, "main:staging/probe/app.yaml")}\n`, pinned);
  assert.deepEqual(
    released.deployment.pinned,
    [4, 5, 6].map((line) => `staging/probe/app.yaml:${line}`),
  );
  assert.equal(git(world.deployment, "diff", "--name-only", "main~1", "main"), "staging/probe/app.yaml");
  assert.equal(git(world.deployment, "rev-list", "--count", "main"), "2");
  assert.equal(
    git(world.deployment, "log", "-1", "--format=%an <%ae> %ct%n%B", "main"),
    `Releaser <release@example.com> 1800000000
Release probe 1.2.0 to staging

Pins what was built from commit ${released.commit.slice(0, 12)}: one, two.

Plumbline-Release: ${released.commit}
Plumbline-Image: plumbline.local/one:v1.2.0@${one}
Plumbline-Image: plumbline.local/two:v1.2.0@${two}`,
  );
  const registry = ociLayout(join(world.root, "images"));
  assert.equal(await registry.resolve("plumbline.local/one", released.commit), one, "the commit id is a tag as well");
});

test("releasing the same commit again changes nothing and says so", async (t) => {
  const world = makeWorld(t);
  await world.release();
  const before = [snapshot(join(world.root, "images")), git(world.deployment, "rev-parse", "main")];
  world.events.length = 0;
  const again = await world.release();
  assert.equal(again.deployment.commit, undefined);
  assert.deepEqual(
    again.images.map(({ pushedBytes }) => pushedBytes),
    [0, 0],
  );
  assert.deepEqual([snapshot(join(world.root, "images")), git(world.deployment, "rev-parse", "main")], before);
  assert.deepEqual(
    world.events.map(({ kind }) => kind),
    ["reading", "built", "built", "unchanged"],
  );

  const verified = await world.release({ verify: true });
  assert.deepEqual(digests(verified), digests(again), "built anew, it is the same image");
  assert.deepEqual(
    verified.images.map(({ pushedBytes }) => pushedBytes),
    [0, 0],
  );
});

test("a commit that gets a version later is released under it, and its first image keeps the commit's tag", async (t) => {
  const world = makeWorld(t);
  const [plain] = digests(await world.release());
  git(world.source, "tag", "-a", "v2.0.0", "-m", "Version 2");
  const tagged = await world.release();
  assert.equal(tagged.version, "2.0.0");
  assert.match(at(world, "main:staging/probe/app.yaml"), new RegExp(`one:v2.0.0@${digests(tagged)[0]}`));
  assert.notEqual(digests(tagged)[0], plain, "the version is part of the image");
  const registry = ociLayout(join(world.root, "images"));
  assert.equal(await registry.resolve("plumbline.local/one", tagged.commit), plain);
  assert.equal((await world.release()).deployment.commit, undefined);
});

test("a release that was cut off between its two tags is completed by the next", async (t) => {
  const world = makeWorld(t);
  git(world.source, "tag", "v1.0.0");
  const first = await world.release();
  const images = join(world.root, "images");
  const reference = `plumbline.local/one:${first.commit}`;
  rmSync(join(images, "plumbline/tags", `${createHash("sha256").update(reference).digest("hex")}.json`));
  const index = JSON.parse(readFileSync(join(images, "index.json"), "utf8")) as {
    manifests: { annotations: object }[];
  };
  const manifests = index.manifests.filter(({ annotations }) => !Object.values(annotations).includes(reference));
  writeFileSync(join(images, "index.json"), JSON.stringify({ ...index, manifests }));
  const registry = ociLayout(images);
  assert.equal(await registry.resolve("plumbline.local/one", first.commit), undefined);
  await world.release();
  assert.equal(await registry.resolve("plumbline.local/one", first.commit), digests(first)[0]);
});

test("a release that is called off pins nothing", async (t) => {
  const world = makeWorld(t);
  const before = git(world.deployment, "rev-parse", "main");
  const abort = new AbortController();
  const onEvent = (event: ReleaseEvent): void => {
    if (event.kind === "building") abort.abort();
  };
  await assert.rejects(world.attempt({ signal: abort.signal, onEvent }), { name: "AbortError" });
  assert.equal(git(world.deployment, "rev-parse", "main"), before);
});

test("the same commit is the same image in another folder, without cache, and whatever lies in the working folder", async (t) => {
  const world = makeWorld(t);
  const released = await world.release();
  const clone = join(world.root, "deeper", "elsewhere", "clone");
  git(world.root, "clone", "-q", world.source, clone);
  writeFileSync(join(clone, "one/main.js"), "throw new Error('dirty');\n");
  writeFileSync(join(clone, "one/stray.js"), "stray\n");
  writeFileSync(join(clone, "release.yaml"), "broken: [");
  execFileSync("chmod", ["-R", "go-rwx", clone]);
  const elsewhere = await world.release({
    source: clone,
    registry: { kind: "layout", folder: join(world.root, "other-images"), name: "plumbline.local" },
    deployment: { repository: world.deployment },
  });
  assert.deepEqual(digests(elsewhere), digests(released));
  assert.ok((elsewhere.images[0]?.pushedBytes ?? 0) > 0);
  assert.equal(elsewhere.deployment.commit, undefined);
});

test("a change of one application builds and pushes that one only, and moves kilobytes", async (t) => {
  const world = makeWorld(t);
  const first = await world.release();
  world.write("one/main.js", "console.log('changed');\n");
  const commit = world.commit("Change one");
  world.events.length = 0;
  const second = await world.release({ commitish: commit.slice(0, 12) });
  assert.notEqual(digests(second)[0], digests(first)[0]);
  assert.deepEqual(
    world.events.flatMap((event) => (event.kind === "building" ? [event.image] : [])),
    ["one"],
  );
  for (const { pushedBytes } of second.images) assert.ok(pushedBytes > 0 && pushedBytes < 10_000, String(pushedBytes));
  const fresh = await world.release({ verify: true });
  assert.deepEqual(digests(fresh), digests(second), "with and without cache the bytes are the same");
  const old = await world.release({ commitish: "HEAD~1" });
  assert.deepEqual(digests(old), digests(first), "an older commit can be released again");
});

test("two releases at once both land, and neither is forced over the other", async (t) => {
  const world = makeWorld(t);
  const seed = join(world.root, "seed");
  for (const environment of ["a", "b", "c"])
    cpSync(join(seed, "staging/probe"), join(seed, environment, "probe"), { recursive: true });
  git(seed, "add", "-A");
  git(seed, "commit", "-q", "-m", "More environments");
  git(seed, "push", "-q", world.deployment, "main");
  const paths = ["a/probe", "b/probe", "c/probe"];
  const released = await Promise.all(paths.map((path) => world.release({ deployment: { path } })));
  assert.equal(git(world.deployment, "rev-list", "--count", "main"), "5");
  for (const [index, path] of paths.entries()) {
    const { deployment, images } = released[index] as Release;
    assert.equal(git(world.deployment, "merge-base", "--is-ancestor", deployment.commit ?? "", "main"), "");
    assert.equal(
      git(world.deployment, "diff", "--name-only", `${deployment.commit}~1`, deployment.commit ?? ""),
      `${path}/app.yaml`,
    );
    assert.match(at(world, `main:${path}/app.yaml`), new RegExp(images[0]?.digest ?? "nothing"));
  }
});

test("a lost race is integrated: what the other writer pushed stays", async (t) => {
  const world = makeWorld(t);
  const seed = join(world.root, "seed");
  const usual = doors();
  let races = 0;
  const result = await release(
    {
      ...usual,
      openDeployment: async (url, folder) => {
        const mirror = await usual.openDeployment(url, folder);
        return {
          ...mirror,
          push: (commit, branch, expected) => {
            if (races < 3) {
              races += 1;
              writeFileSync(join(seed, "staging/probe/app.yaml"), `${manifest}# by another writer, ${races}\n`);
              git(seed, "commit", "-q", "-am", `Race ${races}`);
              git(seed, "push", "-q", world.deployment, "main");
            }
            return mirror.push(commit, branch, expected);
          },
        };
      },
    },
    {
      source: world.source,
      author: { name: "R", email: "r@example.com" },
      now: () => 0,
      environment: { PATH: process.env["PATH"] ?? "" },
      onEvent: (event) => world.events.push(event),
    },
  );
  assert.ok(result.ok);
  assert.equal(world.events.filter(({ kind }) => kind === "raced").length, 3);
  assert.equal(git(world.deployment, "rev-list", "--count", "main"), "5");
  assert.match(at(world, "main:staging/probe/app.yaml"), /one:\w+@sha256[^]*by another writer, 3$/);
});

const wrong: readonly (readonly [from: string, to: string, code: string, place: string, message: RegExp])[] = [
  ["deployment:", "extra: 1\ndeployment:", "release-file-invalid", "release.yaml:5", /^extra: is not a key/],
  ["echo built", "echo no luck; exit 3", "build-failed", "release.yaml", /code 3:\nno luck/],
  ["context: two", "context: three", "context-missing", "release.yaml", /no folder three/],
  ["base: node", "base: 'node:20'", "base-unpinned", "release.yaml", /"node:20"/],
  ["staging/probe", "staging/none", "deployment-path-missing", "release.yaml", /no directory staging\/none/],
  ["probe }", "probe, branch: live }", "deployment-branch-missing", "release.yaml", /no branch live/],
  ["  two:", "  three:", "image-not-referenced", "staging/probe", /plumbline.local\/three/],
];
for (const [from, to, code, place, message] of wrong) {
  test(`refused with place and remedy, and nothing pinned: ${code}`, async (t) => {
    const world = makeWorld(t);
    world.write("release.yaml", releaseYaml.replace(from, to));
    world.commit("Spoil");
    await refused(world, code, place, message);
  });
}

test("refused: an image that was rolled back there, until Git accepts it; the next release is not kept up", async (t) => {
  const world = makeWorld(t);
  const before = at(world, "main:staging/probe/app.yaml");
  const released = await world.release();
  const person = join(world.root, "person");
  execFileSync("git", ["clone", "-q", world.deployment, person]);
  const push = (text: string, message: string): void => {
    writeFileSync(join(person, "staging/probe/app.yaml"), `${text}\n`);
    git(person, "commit", "-q", "-a", "-m", message);
    git(person, "push", "-q", "origin", "main");
  };
  const [one = ""] = digests(released);
  push(before, `Roll back\n\nPlumbline-Rejects: plumbline.local/one:x@${one}`);
  const rollback = git(world.deployment, "rev-parse", "main");
  const refused = await world.attempt();
  assert.ok(!refused.ok);
  const [problem] = refused.problems;
  assert.equal(problem?.code, "image-rejected");
  assert.ok(problem.message.includes(rollback.slice(0, 8)));
  assert.ok(problem.remedy?.includes(`commit a change below staging/probe with the trailer Plumbline-Accept: ${one}`));
  assert.equal(git(world.deployment, "rev-parse", "main"), rollback, "nothing was pinned");

  push(`${before}\n# mended`, `Mend what it needs\n\nPlumbline-Accept: ${one}`);
  await world.release();
  assert.ok(at(world, "main:staging/probe/app.yaml").includes(one));
});

test("refused: no release.yaml in the commit, and a link out of the context", async (t) => {
  const world = makeWorld(t);
  symlinkSync("../../release.yaml", join(world.source, "one/link"));
  world.commit("Link");
  await refused(world, "source-unsafe", "one/link", /symbolic link/);
  git(world.source, "rm", "-q", "release.yaml");
  world.commit("Remove");
  world.write("release.yaml", releaseYaml);
  await refused(world, "release-file-missing", "release.yaml", /has no release.yaml/);
});

async function refused(world: World, code: string, place: string, message: RegExp): Promise<void> {
  const before = git(world.deployment, "rev-parse", "main");
  const result = await world.attempt();
  assert.ok(!result.ok);
  const [problem] = result.problems;
  assert.equal(problem?.code, code, JSON.stringify(problem));
  assert.match(problem?.message ?? "", message);
  assert.equal([problem?.where?.file, problem?.where?.line].filter(Boolean).join(":"), place);
  assert.ok(problem?.remedy);
  assert.equal(git(world.deployment, "rev-parse", "main"), before);
}

test("refused: a commit, a repository and a deployment repository that are not there", async (t) => {
  const world = makeWorld(t);
  const codes = [];
  for (const options of [
    { commitish: "nothing" },
    { commitish: "--output=x" },
    { source: world.root },
    { deployment: { repository: join(world.root, "absent.git") } },
  ]) {
    const result = await world.attempt(options);
    codes.push(result.ok ? "ok" : result.problems[0]?.code);
  }
  assert.deepEqual(codes, ["commit-unknown", "commit-unknown", "source-unreadable", "repository-not-found"]);
});
