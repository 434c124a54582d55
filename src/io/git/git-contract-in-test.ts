import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import type { Git, TreeChange } from "./git.ts";

/** One empty remote repository of a test, and how to open it; each opening is a writer of its own. */
export interface GitWorld {
  open(): Promise<Git>;
}

const signature = { name: "Writer", email: "writer@example.com", at: 1_700_000_000 };

/** Writes a commit with `files` over `parent` (undefined: a first commit) without pushing it. */
export async function commitFiles(
  git: Git,
  parent: string | undefined,
  files: Readonly<Record<string, string | null>>,
  message = "Change files",
): Promise<string> {
  const changes = new Map<string, TreeChange | null>();
  for (const [path, text] of Object.entries(files)) {
    changes.set(path, text === null ? null : { mode: "100644", id: await git.writeBlob(text) });
  }
  const base = parent === undefined ? undefined : (await git.commit(parent)).tree;
  const tree = await git.writeTree(base, changes);
  return git.writeCommit({ tree, parents: parent === undefined ? [] : [parent], message, signature });
}

/** The behaviour of every `Git`: runs as tests against worlds made by `makeWorld`. */
export function gitContract(name: string, makeWorld: (t: TestContext) => Promise<GitWorld>): void {
  const it: It = (what, body) => {
    void test(`${name}: ${what}`, async (t) => body(await makeWorld(t)));
  };

  fetching(it);
  pushing(it);
  writing(it);
  looking(it);
  changing(it);
  saying(it);
  refusing(it);
}

type It = (what: string, body: (world: GitWorld) => Promise<void>) => void;

function fetching(it: It): void {
  it("an empty remote has no branches", async (world) => {
    const git = await world.open();
    const fetched = await git.fetch();
    assert.deepEqual(fetched.ok && [...fetched.branches], []);
    assert.equal(await git.branch("main"), undefined);
  });

  it("what is pushed is what another writer fetches", async (world) => {
    const [here, there] = [await world.open(), await world.open()];
    const commit = await commitFiles(
      here,
      undefined,
      { "a/b/file.yaml": "text\n", "top ä.txt": "1" },
      "Say\n\nwhy\n\nKey: v\n",
    );
    assert.deepEqual(await here.push(commit, "main", undefined), { kind: "pushed" });
    assert.equal(await here.branch("main"), commit);
    assert.equal(await there.branch("main"), undefined);
    const fetched = await there.fetch();
    assert.deepEqual(fetched.ok && [...fetched.branches], [["main", commit]]);
    const info = await there.commit(commit);
    assert.deepEqual([info.subject, info.parents, info.trailers], ["Say", [], { Key: "v" }]);
    assert.equal(info.author, "Writer <writer@example.com>");
    assert.equal(info.committedAt, "2023-11-14T22:13:20.000Z");
    const entries = await there.list(info.tree);
    assert.deepEqual(
      entries.map((entry) => [entry.path, entry.mode, entry.type, entry.size]),
      [
        ["a/b/file.yaml", "100644", "blob", 5],
        ["top ä.txt", "100644", "blob", 1],
      ],
    );
    const blobs = await there.blobs(entries.map((entry) => entry.id));
    assert.equal(blobs.get(entries[0]?.id ?? "")?.toString(), "text\n");
    const top = await there.list(info.tree, { recursive: false });
    assert.deepEqual(
      top.map((entry) => [entry.path, entry.type]),
      [
        ["a", "tree"],
        ["top ä.txt", "blob"],
      ],
    );
  });

  it("a commit's id is a function of its input", async (world) => {
    const [here, there] = [await world.open(), await world.open()];
    const first = await commitFiles(here, undefined, { a: "1" });
    assert.equal(await commitFiles(there, undefined, { a: "1" }), first);
    assert.notEqual(await commitFiles(there, undefined, { a: "2" }), first);
    await here.push(first, "main", undefined);
    assert.deepEqual(
      await there.push(first, "main", undefined),
      { kind: "pushed" },
      "the same commit again is no race",
    );
  });
}

function pushing(it: It): void {
  it("of two writers racing, one is pushed and the other told that the branch moved", async (world) => {
    const writers = await Promise.all([world.open(), world.open()]);
    const base = await commitFiles(writers[0], undefined, { a: "0" });
    await writers[0].push(base, "main", undefined);
    await writers[1].fetch();
    const mine = await Promise.all(writers.map((git, index) => commitFiles(git, base, { a: `writer ${index}` })));
    const results = await Promise.all(writers.map((git, index) => git.push(mine[index] ?? "", "main", base)));
    assert.deepEqual(results.map((result) => result.kind).toSorted(), ["moved", "pushed"]);
    const winner = mine[results.findIndex((result) => result.kind === "pushed")];
    await writers[0].fetch();
    assert.equal(await writers[0].branch("main"), winner);
  });

  it("nothing is ever forced", async (world) => {
    const git = await world.open();
    const base = await commitFiles(git, undefined, { a: "0" });
    const next = await commitFiles(git, base, { a: "1" });
    const aside = await commitFiles(git, base, { a: "2" });
    await git.push(base, "main", undefined);
    await git.push(next, "main", base);
    const refusals = [
      await git.push(aside, "main", base),
      await git.push(aside, "main", next),
      await git.push(base, "main", next),
      await git.push(aside, "main", undefined),
    ];
    assert.deepEqual(
      refusals.map((result) => result.kind),
      ["moved", "moved", "moved", "moved"],
    );
    await git.fetch();
    assert.equal(await git.branch("main"), next);
  });

  it("a branch that went back is moved, even where the push would be a fast-forward", async (world) => {
    const [git, other] = [await world.open(), await world.open()];
    const base = await commitFiles(git, undefined, { a: "0" });
    const next = await commitFiles(git, base, { a: "1" });
    const last = await commitFiles(git, next, { a: "2" });
    await git.push(base, "main", undefined);
    await other.fetch();
    assert.deepEqual(await git.push(last, "main", next), { kind: "moved" });
  });
}

function writing(it: It): void {
  it("trees are changed where asked and nowhere else", async (world) => {
    const git = await world.open();
    const first = await commitFiles(git, undefined, { "s/app/a": "1", "s/app/b": "2", "s/else/c": "3", d: "4" });
    const second = await commitFiles(git, first, { "s/app/a": null, "s/app/b": null, "s/new/e": "5" });
    const { tree } = await git.commit(second);
    assert.deepEqual(
      (await git.list(tree)).map((entry) => entry.path),
      ["d", "s/else/c", "s/new/e"],
    );
    assert.equal(await git.treeAt(second, "s/else"), await git.treeAt(first, "s/else"));
    assert.equal(await git.treeAt(second, "s/app"), undefined);
    assert.equal(await git.treeAt(second, "d"), undefined, "a file is no directory");
    assert.equal(await git.treeAt(second, ""), tree);
    const found = await git.find(first, "d");
    assert.deepEqual([found?.type, found?.size], ["blob", 1]);
    assert.equal(await git.find(second, "s/app/a"), undefined);
    assert.deepEqual(await git.find((await git.commit(first)).tree, "d"), found);
    assert.equal(await git.find("0".repeat(40), ""), undefined);
    const app = await git.treeAt(first, "s/app");
    assert.ok(app);
    const restored = await git.writeTree(
      tree,
      new Map([
        ["s/app", { mode: "040000", id: app }],
        ["s/new", null],
      ]),
    );
    assert.equal(restored, (await git.commit(first)).tree);
    const nothing = await git.writeTree(
      restored,
      new Map([
        ["s", null],
        ["d", null],
      ]),
    );
    assert.deepEqual(await git.list(nothing), []);
    for (const path of ["../out", "a//b", ".git/config", "a/.GIT/x", "", "/abs", "a/./b"]) {
      await assert.rejects(git.writeTree(tree, new Map([[path, null]])), { name: "ProblemError" }, path);
    }
  });

  it("log and ancestry follow the history of a path", async (world) => {
    const git = await world.open();
    const one = await commitFiles(git, undefined, { "x/f": "1", y: "1" }, "one");
    const two = await commitFiles(git, one, { y: "2" }, "two");
    const three = await commitFiles(git, two, { "x/f": "3" }, "three");
    await git.push(three, "main", undefined);
    const subjects = async (from: string, path: string, limit: number): Promise<string[]> =>
      (await git.log(from, path, limit)).map((commit) => commit.subject);
    assert.deepEqual(await subjects("main", "x", 9), ["three", "one"]);
    assert.deepEqual(await subjects("main", "x", 1), ["three"]);
    assert.deepEqual(await subjects(two, "x", 9), ["one"]);
    assert.deepEqual(await subjects("main", "", 9), ["three", "two", "one"]);
    assert.deepEqual(await subjects("no-such-branch", "", 9), []);
    assert.deepEqual(await subjects("main", "no/such/path", 9), []);
    assert.equal(await git.isAncestor(one, three), true);
    assert.equal(await git.isAncestor(three, three), true);
    assert.equal(await git.isAncestor(three, one), false);
  });
}

function looking(it: It): void {
  it("what changed last is found near and far", async (world) => {
    const git = await world.open();
    const one = await commitFiles(git, undefined, { "x/f": "1", y: "1" }, "one");
    const two = await commitFiles(git, one, { y: "2" }, "two");
    const three = await commitFiles(git, two, { "x/f": "3" }, "three");
    const last = async (from: string): Promise<string | undefined> => (await git.log(from, "x", 1))[0]?.subject;
    assert.deepEqual([await last(one), await last(two), await last(three)], ["one", "one", "three"]);
    let far = three;
    for (let n = 0; n < 70; n += 1) far = await commitFiles(git, far, { y: `far ${n}` }, "beside");
    assert.equal(await last(far), "three");
    assert.deepEqual([await git.isAncestor(three, far), await git.isAncestor(far, three)], [true, false]);
    assert.equal(await git.isAncestor("f".repeat(40), far), false, "what nobody has is before none");
  });
}

function changing(it: It): void {
  it("what commits changed below some paths is told by file", async (world) => {
    const git = await world.open();
    const one = await commitFiles(git, undefined, { "x/a": "1", "x/b": "1", "y/a": "1", z: "1" });
    const two = await commitFiles(git, one, { "x/a": "2", z: "2" });
    const aside = await commitFiles(git, two, { "y/a": "3" });
    const three = await commitFiles(git, two, { "x/a": null, "x/ä b": "3" });
    const { tree } = await git.commit(await commitFiles(git, three, { "y/a": "3" }));
    const signature = { name: "A", email: "a@example.com", at: 1_700_000_000 };
    const four = await git.writeCommit({ tree, parents: [three, aside], message: "merge", signature });
    const blob = (content: string): Promise<string> => git.writeBlob(content);
    const [first, second, third] = [await blob("1"), await blob("2"), await blob("3")];
    const expected = [
      { commit: four, parent: three, files: new Map([["y/a", third]]) },
      { commit: three, parent: two, files: new Map() },
      { commit: two, parent: one, files: new Map([["x/a", second]]) },
      { commit: one, parent: undefined, files: new Map(["x/a", "x/b", "y/a"].map((path) => [path, first])) },
    ];
    assert.deepEqual(await git.changes(four, ["x", "y/a"], 9), expected);
    assert.deepEqual(await git.changes(four, ["x", "y"], 2), expected.slice(0, 2));
    assert.deepEqual(await git.changes(two, ["z"], 9), [
      { commit: two, parent: one, files: new Map([["z", second]]) },
      { commit: one, parent: undefined, files: new Map([["z", first]]) },
    ]);
    assert.deepEqual(await git.changes("nothing", ["x"], 9), []);
  });
}

function saying(it: It): void {
  it("what commits of a path say is found on every line of history, and in the merges", async (world) => {
    const git = await world.open();
    const one = await commitFiles(git, undefined, { "x/f": "1", y: "1" }, "one\n\nNote: 1\n");
    const side = await commitFiles(git, one, { "x/f": "2" }, "side\n\nNote: 2\n");
    const beside = await commitFiles(git, one, { y: "2" }, "beside\n\nNote: elsewhere\n");
    const { tree } = await git.commit(await commitFiles(git, beside, { "x/f": "2" }, "as merged"));
    const signature = { name: "A", email: "a@example.com", at: 1_700_000_000 };
    const message = "merge\n\nOther: 3\nNote: 3\n";
    const merge = await git.writeCommit({ tree, parents: [beside, side], message, signature });
    await git.push(merge, "main", undefined);
    const said = async (path: string, trailers: readonly string[], limit = 9): Promise<string[]> =>
      (await git.saying("main", path, trailers, limit)).map((commit) => commit.subject);
    assert.deepEqual(await said("x", ["Note"]), ["merge", "side", "one"]);
    assert.deepEqual(await said("x", ["Note"], 1), ["merge"]);
    const later = await commitFiles(git, merge, { "x/f": "4" }, "later\n\nNote: 4\n");
    const latest = await commitFiles(git, later, { "x/f": "5" }, "latest");
    const from = async (commit: string, limit: number): Promise<string[]> =>
      (await git.saying(commit, "x", ["Note"], limit)).map(({ subject }) => subject);
    assert.deepEqual(await from(latest, 2), ["later"], "looked through are the latest two changes");
    assert.deepEqual(await from(latest, 3), ["later", "merge", "side"], "and what they brought in");
    assert.deepEqual(await said("x", ["Other", "Nothing"]), ["merge"]);
    assert.deepEqual(await said("x", ["ote"]), []);
    assert.deepEqual(await said("y", ["Note"]), ["beside", "one"]);
    assert.deepEqual((await said("", ["Note"])).length, 4);
    await assert.rejects(git.saying("main", "x", [".*"], 9));
  });
}

function refusing(it: It): void {
  it("ids, branches and paths that look like options are refused", async (world) => {
    const git = await world.open();
    const commit = await commitFiles(git, undefined, { a: "1" });
    for (const id of ["--help", "HEAD", "main", commit.slice(0, 8), `${commit}^`]) {
      await assert.rejects(git.commit(id), { name: "ProblemError" }, id);
      await assert.rejects(git.list(id), { name: "ProblemError" }, id);
    }
    for (const branch of ["--force", "a..b", "", "x:y", "a b", "a.lock", "refs//x", "@{1}"]) {
      await assert.rejects(git.push(commit, branch, undefined), { name: "ProblemError" }, branch);
    }
    assert.equal(await git.treeAt(commit, "../a"), undefined);
    await assert.rejects(git.commit("0".repeat(40)), { name: "ProblemError" });
  });

  it("a large content and many contents come back whole", async (world) => {
    const git = await world.open();
    const large = Buffer.alloc(3_000_000, "0123456789\n");
    const contents = [large, Buffer.from(""), Buffer.from("x\n\0y")];
    const ids = await Promise.all(contents.map((content) => git.writeBlob(content)));
    const blobs = await git.blobs([...ids, ...ids]);
    for (const [index, id] of ids.entries()) assert.ok(blobs.get(id)?.equals(contents[index] ?? large), id);
    await assert.rejects(git.blobs(["f".repeat(40)]), { name: "ProblemError" });
  });
}
