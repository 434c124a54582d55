import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { ProblemError } from "../../model/problem.ts";
import { systemProcesses } from "../process/system-processes.ts";
import { gitCommand } from "./git-command.ts";
import { commitFiles, gitContract } from "./git-contract-in-test.ts";
import { recreateFolder } from "./mirror-folder.ts";
import { openMirror } from "./mirror.ts";
import { runGit, temporaryRepository } from "./temporary-repository-in-test.ts";

gitContract("mirror of a local repository", async (t) => temporaryRepository(t));

test("branches that vanish are pruned, and a rewritten branch is followed", async (t) => {
  const { remote, open } = temporaryRepository(t);
  const git = await open();
  const one = await commitFiles(git, undefined, { a: "1" });
  const two = await commitFiles(git, undefined, { a: "2" });
  await git.push(one, "main", undefined);
  await git.push(one, "feature/x", undefined);
  await git.push(two, "aside", undefined);
  runGit(remote, "update-ref", "refs/heads/main", two);
  runGit(remote, "update-ref", "-d", "refs/heads/feature/x");
  const fetched = await git.fetch();
  assert.deepEqual(
    fetched.ok && new Map(fetched.branches),
    new Map([
      ["aside", two],
      ["main", two],
    ]),
  );
});

test("submodules and symbolic links are listed as what they are", async (t) => {
  const { root, remote, open } = temporaryRepository(t);
  const work = join(root, "work");
  runGit(root, "clone", "--quiet", remote, work);
  symlinkSync("/etc/passwd", join(work, "link"));
  writeFileSync(join(work, "run.sh"), "#!/bin/sh\n");
  chmodSync(join(work, "run.sh"), 0o755);
  runGit(work, "add", ".");
  runGit(work, "update-index", "--add", "--cacheinfo", `160000,${"1".repeat(40)},sub`);
  runGit(work, "commit", "--quiet", "-m", "links");
  runGit(work, "push", "--quiet", "origin", "main");
  const git = await open();
  await git.fetch();
  const head = await git.branch("main");
  const { tree } = await git.commit(head!);
  assert.deepEqual(
    (await git.list(tree)).map((entry) => [entry.path, entry.mode, entry.type]),
    [
      ["link", "120000", "blob"],
      ["run.sh", "100755", "blob"],
      ["sub", "160000", "commit"],
    ],
  );
  const kept = await git.writeTree(tree, new Map([["run.sh", null]]));
  assert.deepEqual(
    (await git.list(kept)).map((entry) => entry.path),
    ["link", "sub"],
  );
});

test("hooks and configuration of this side are not run", async (t) => {
  const { root, open } = temporaryRepository(t);
  const git = await open("mirror");
  const hooks = join(root, "mirror", "hooks");
  mkdirSync(hooks);
  for (const hook of ["reference-transaction", "pre-push", "post-update"]) {
    writeFileSync(join(hooks, hook), `#!/bin/sh\ntouch ${root}/ran\n`, { mode: 0o755 });
  }
  const commit = await commitFiles(git, undefined, { a: "1" });
  assert.equal((await git.push(commit, "main", undefined)).kind, "pushed");
  assert.ok((await git.fetch()).ok);
  assert.equal(existsSync(join(root, "ran")), false);
});

test("a server that declines is denied, with its words", async (t) => {
  const { remote, open } = temporaryRepository(t);
  writeFileSync(join(remote, "hooks", "pre-receive"), "#!/bin/sh\necho 'main is protected' >&2\nexit 1\n", {
    mode: 0o755,
  });
  const git = await open();
  const result = await git.push(await commitFiles(git, undefined, { a: "1" }), "main", undefined);
  assert.equal(result.kind, "denied");
  assert.match(result.kind === "denied" ? result.problem.message : "", /branch main: .*main is protected/);
});

test("a push to the branch that somebody works on is denied with the remedy", async (t) => {
  const { remote, open } = temporaryRepository(t, false);
  writeFileSync(join(remote, "f"), "1");
  runGit(remote, "add", ".");
  runGit(remote, "commit", "--quiet", "-m", "one");
  const git = await open();
  await git.fetch();
  const head = await git.branch("main");
  const result = await git.push(await commitFiles(git, head, { a: "1" }), "main", head);
  assert.equal(result.kind, "denied");
  assert.match(result.kind === "denied" ? (result.problem.remedy ?? "") : "", /--bare/);
});

test("a repository that is not there, or is none, is said so", async (t) => {
  const { root } = temporaryRepository(t);
  const problemOf = async (url: string): Promise<string> => {
    const git = await openMirror({ url, folder: mkdtempSync(join(root, "m-")) });
    t.after(() => git.close());
    const fetched = await git.fetch();
    return fetched.ok ? "ok" : fetched.problem.code;
  };
  mkdirSync(join(root, "plain"));
  assert.equal(await problemOf(join(root, "nothing")), "repository-not-found");
  assert.equal(await problemOf(join(root, "plain")), "repository-not-git");
  assert.equal(await problemOf("http://127.0.0.1:1/x.git"), "repository-unreachable");
});

test("URLs that git could take for something else are refused", async (t) => {
  const { root } = temporaryRepository(t);
  for (const url of [
    "",
    "--upload-pack=touch /tmp/x",
    "ext::sh -c id",
    "ssh://-oProxyCommand=id/x",
    "ftp://h/x",
    "-h:x",
    "a\nb",
  ]) {
    await assert.rejects(
      openMirror({ url, folder: join(root, "refused") }),
      (error) => error instanceof ProblemError && error.problem.code === "repository-url-refused",
      url,
    );
  }
});

test("credentials reach the server and nothing else", async (t) => {
  const { root } = temporaryRepository(t);
  const seen: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    seen.push(request.headers.authorization);
    response.writeHead(request.url?.includes("denied") ? 403 : 401).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  const folder = join(root, "m");
  const git = await openMirror({ url: `http://bot:s3cr%2Fet@127.0.0.1:${port}/denied.git`, folder });
  t.after(() => git.close());
  const fetched = await git.fetch();
  assert.equal(seen[0], `Basic ${Buffer.from("bot:s3cr/et").toString("base64")}`);
  assert.equal(fetched.ok ? "" : fetched.problem.code, "repository-access-denied");
  assert.equal(git.url, `http://127.0.0.1:${port}/denied.git`);
  assert.doesNotMatch(JSON.stringify(fetched), /s3cr|Basic/);
  for (const file of ["config", "plumbline-remote", "HEAD"]) {
    assert.doesNotMatch(execFileSync("cat", [join(folder, file)], { encoding: "utf8" }), /s3cr|bot/);
  }
});

test("a mirror of another remote, or a broken one, is made anew; foreign files are left alone", async (t) => {
  const { root, remote, open } = temporaryRepository(t);
  const git = await open("mirror");
  const commit = await commitFiles(git, undefined, { a: "1" });
  await git.push(commit, "main", undefined);
  git.close();
  rmSync(join(root, "mirror", "HEAD"));
  const again = await open("mirror");
  assert.ok((await again.fetch()).ok);
  assert.equal(await again.branch("main"), commit);
  again.close();
  const other = join(root, "other.git");
  runGit(root, "clone", "--quiet", "--bare", remote, other);
  const moved = await openMirror({ url: other, folder: join(root, "mirror") });
  t.after(() => moved.close());
  assert.equal(await moved.branch("main"), undefined, "nothing of the first remote is left");
  mkdirSync(join(root, "mine"));
  writeFileSync(join(root, "mine", "letter"), "dear");
  await assert.rejects(openMirror({ url: remote, folder: join(root, "mine") }), { name: "ProblemError" });
  assert.deepEqual(readdirSync(join(root, "mine")), ["letter"]);
});

test("what is left of a removed mirror is made anew, and what only looks like it is somebody's", async (t) => {
  const { root, remote, open } = temporaryRepository(t);
  const writer = await open();
  const commit = await commitFiles(writer, undefined, { a: "1" });
  await writer.push(commit, "main", undefined);
  const folderOf = (name: string, ...directories: readonly string[]): string => {
    for (const directory of directories) mkdirSync(join(root, name, directory), { recursive: true });
    return join(root, name);
  };
  const left = folderOf("left", "objects/pack", "refs");
  writeFileSync(join(left, "packed-refs.lock"), "");
  const mirror = await openMirror({ url: remote, folder: left });
  t.after(() => mirror.close());
  assert.ok((await mirror.fetch()).ok);
  const own = join(root, "own.git");
  runGit(root, "clone", "--quiet", "--bare", remote, own);
  for (const folder of [own, folderOf("service", "logs", "config")]) {
    await assert.rejects(openMirror({ url: remote, folder }), /holds other files, so no mirror is made there/);
  }
  assert.equal(runGit(own, "rev-parse", "main"), commit);
});

test("a mirror whose making was cut off is made anew", async (t) => {
  const { root, remote } = temporaryRepository(t);
  const folder = join(root, "mirror");
  const target = { address: remote, shown: remote, secrets: [], folder: remote };
  const git = gitCommand(systemProcesses, folder, target, process.env);
  const cutOff = {
    ...git,
    output: (): Promise<Buffer> => {
      writeFileSync(join(folder, "HEAD"), "");
      return Promise.reject(new Error("killed"));
    },
  };
  await assert.rejects(recreateFolder(cutOff, folder, target), /killed/);
  const mirror = await openMirror({ url: remote, folder });
  t.after(() => mirror.close());
  assert.ok((await mirror.fetch()).ok);
});

test("objects that broke under an open mirror come back with the next fetch", async (t) => {
  const { root, open } = temporaryRepository(t);
  const [git, other] = [await open("mirror"), await open("other")];
  const one = await commitFiles(other, undefined, { a: "1" });
  await other.push(one, "main", undefined);
  await git.fetch();
  rmSync(join(root, "mirror", "objects"), { recursive: true });
  mkdirSync(join(root, "mirror", "objects"));
  const two = await commitFiles(other, one, { a: "2" });
  await other.push(two, "main", one);
  const fetched = await git.fetch();
  assert.deepEqual(fetched, { ok: true, branches: new Map([["main", two]]) });
  assert.equal((await git.commit(one)).id, one);
});

test("a fetch killed in the middle leaves nothing that stops the next", async (t) => {
  const { root, open } = temporaryRepository(t);
  const [git, other] = [await open("mirror"), await open("other")];
  const commit = await commitFiles(other, undefined, { a: "1".repeat(100_000) });
  await other.push(commit, "main", undefined);
  const abort = new AbortController();
  const killed = git.fetch(abort.signal);
  abort.abort();
  await killed;
  // What a kill at the worst moments leaves behind: locks of every kind that a fetch takes.
  mkdirSync(join(root, "mirror", "refs", "remotes", "origin"), { recursive: true });
  for (const lock of ["packed-refs.lock", "refs/remotes/origin/main.lock", "HEAD.lock", "config.lock"]) {
    writeFileSync(join(root, "mirror", lock), "");
  }
  const fetched = await git.fetch();
  assert.deepEqual(fetched, { ok: true, branches: new Map([["main", commit]]) });
});

test("a push to a local remote is noticed, packed or in a new folder", { timeout: 30_000 }, async (t) => {
  const { remote, open } = temporaryRepository(t);
  const [git, other] = [await open(), await open()];
  const calls: (() => void)[] = [];
  const stop = git.onLocalPush(() => calls.shift()?.());
  t.after(stop);
  const noticed = (): Promise<void> => new Promise((resolve) => calls.push(resolve));
  const one = await commitFiles(other, undefined, { a: "1" });
  // The watch begins in the background; a push before it would be nothing new to it, so wait for a first sign of life.
  let seen = noticed();
  for (let n = 0, alive = false; !alive; n += 1) {
    const probe = await commitFiles(other, undefined, { a: `probe ${n}` });
    await other.push(probe, `probe-${n}`, undefined);
    alive = await Promise.race([seen.then(() => true), other.fetch().then(() => false)]);
  }
  await git.fetch();
  seen = noticed();
  await other.push(one, "deep/er/main", undefined);
  await seen;
  await git.fetch();
  runGit(remote, "pack-refs", "--all");
  seen = noticed();
  const two = await commitFiles(other, one, { a: "2" });
  await other.push(two, "deep/er/main", one);
  await seen;
  seen = noticed();
  runGit(remote, "update-ref", "-d", "refs/heads/deep/er/main");
  await seen;
});

/** Damages the object of an open mirror: cut off as by a power cut, or lost. */
function damage(mirror: string, id: string, how: "emptied" | "lost"): void {
  for (const name of readdirSync(join(mirror, "objects", "pack")).filter((one) => one.endsWith(".pack"))) {
    // Loose, so that a single one can be reached.
    const pack = readFileSync(join(mirror, "objects", "pack", name));
    for (const file of readdirSync(join(mirror, "objects", "pack")))
      rmSync(join(mirror, "objects", "pack", file), { force: true });
    execFileSync("git", ["--git-dir", mirror, "unpack-objects", "-q"], { input: pack });
  }
  const file = join(mirror, "objects", id.slice(0, 2), id.slice(2));
  rmSync(file);
  if (how === "emptied") writeFileSync(file, "");
}

for (const how of ["emptied", "lost"] as const) {
  for (const what of ["s/app", "s", "s/app/a"]) {
    test(`an object that is ${how} at ${what} is never taken for removed, and comes back with a fetch of nothing new`, async (t) => {
      const { root, open } = temporaryRepository(t);
      const [git, other] = [await open("mirror"), await open("other")];
      const commit = await commitFiles(other, undefined, { "s/app/a": "1", "s/b": "2" });
      await other.push(commit, "main", undefined);
      await git.fetch();
      const found = await other.find(commit, what);
      damage(join(root, "mirror"), found!.id, how);
      git.close();
      const read = async () => (await git.find(commit, "s/app/a"))?.id;
      await assert.rejects(read(), { name: "ProblemError" });
      assert.equal(await git.find(commit, "nothing"), undefined, "what is not there is said to be so");
      assert.ok((await git.fetch()).ok);
      assert.equal(await read(), (await other.find(commit, "s/app/a"))?.id);
    });
  }
}

test("what comes before what is no answer of a damaged mirror, and is one after the next fetch", async (t) => {
  const { root, open } = temporaryRepository(t);
  const [git, other] = [await open("mirror"), await open("other")];
  const one = await commitFiles(other, undefined, { a: "1" });
  const two = await commitFiles(other, one, { a: "2" });
  const three = await commitFiles(other, two, { a: "3" });
  await other.push(three, "main", undefined);
  await git.fetch();
  damage(join(root, "mirror"), two, "lost");
  git.close();
  await assert.rejects(git.isAncestor(one, three), { name: "ProblemError" });
  assert.ok((await git.fetch()).ok);
  assert.equal(await git.isAncestor(one, three), true);
});

test("a push that fails on a damaged mirror says so, and works after the next fetch", async (t) => {
  const { root, open } = temporaryRepository(t);
  const git = await open("mirror");
  const one = await commitFiles(git, undefined, { a: "1" });
  await git.push(one, "main", undefined);
  const two = async () => commitFiles(git, one, { a: "2" });
  const commit = await two();
  damage(join(root, "mirror"), (await git.find(commit, "a"))!.id, "emptied");
  const failed = await git.push(commit, "main", one);
  assert.equal(failed.kind, "unreachable");
  assert.match(
    failed.kind === "unreachable" ? failed.problem.message : "",
    /^git push failed on the mirror of .* is corrupt\.$/,
  );
  assert.ok((await git.fetch()).ok);
  assert.equal((await git.push(await two(), "main", one)).kind, "pushed");
});

test("what was pushed from here is no news from a local remote", { timeout: 30_000 }, async (t) => {
  const { open } = temporaryRepository(t);
  const [git, other] = [await open(), await open()];
  let calls = 0;
  let told = (): void => undefined;
  const news = new Promise<void>((resolve) => (told = resolve));
  t.after(
    git.onLocalPush(() => {
      calls += 1;
      if (isTheirs) told();
    }),
  );
  let isTheirs = false;
  let tip: string | undefined;
  for (let n = 0; n < 5; n += 1) {
    const next = await commitFiles(git, tip, { a: `${n}` });
    await git.push(next, "main", tip);
    tip = next;
  }
  isTheirs = true;
  await other.push(await commitFiles(other, undefined, { a: "x" }), "theirs", undefined);
  await news;
  assert.equal(calls, 1, "only of what somebody else pushed");
});
