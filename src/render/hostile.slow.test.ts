import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { runGit, temporaryRepository } from "../io/git/temporary-repository-in-test.ts";
import type { Git } from "../io/git/git.ts";
import type { Manifest } from "../model/manifest.ts";
import type { Result } from "../model/problem.ts";
import { readDeployment } from "../source/deployment.ts";
import { readRevision } from "../source/revision.ts";
import { rawWriter } from "./hostile-in-test.ts";
import type { RawEntry } from "./hostile-in-test.ts";
import { render } from "./render.ts";

const object = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: fine }\n";

/** What stands in the directory of one application: a file's text, its bytes, or entries of a tree. */
type Content =
  | Readonly<Record<string, string | Buffer>>
  | ((write: ReturnType<typeof rawWriter>) => readonly RawEntry[]);

/** An application, the code that it is refused with and the file that the refusal names; no code when it is plain data. */
interface Case {
  readonly content: Content;
  readonly code?: string;
  readonly file?: string;
}

/** One entry named so, beside a manifest that is fine. */
const named =
  (name: string | Buffer, mode = "100644", text = object) =>
  (write: ReturnType<typeof rawWriter>): readonly RawEntry[] => [{ mode, name, id: write.blob(text) }];

const under =
  (folder: string | Buffer) =>
  (write: ReturnType<typeof rawWriter>): readonly RawEntry[] => [
    { mode: "40000", name: folder, id: write.tree(named("x.yaml")(write)) },
  ];

const bomb = [
  "a: &a [x, x, x, x, x, x, x, x, x]",
  ..."bcdefghij".split("").map((to, n) => {
    const from = "abcdefghi"[n];
    return `${to}: &${to} [${Array(9).fill(`*${from}`).join(", ")}]`;
  }),
].join("\n");

const cases: Readonly<Record<string, Case>> = {
  "dot-dot": { content: under(".."), code: "path-refused", file: "staging/dot-dot" },
  dot: { content: under("."), code: "path-refused", file: "staging/dot" },
  slash: { content: named("../../outside.yaml"), code: "path-refused", file: "staging/slash" },
  rooted: { content: named("/etc/outside.yaml"), code: "path-refused", file: "staging/rooted" },
  "dot-git": { content: under(".git"), code: "path-refused", file: "staging/dot-git" },
  "dot-git-case": { content: under(".GiT"), code: "path-refused", file: "staging/dot-git-case" },
  "dot-git-short": { content: under("git~1"), code: "path-refused", file: "staging/dot-git-short" },
  "dot-git-hfs": { content: under(".g\u200cit"), code: "path-refused", file: "staging/dot-git-hfs" },
  backslash: { content: named("..\\x.yaml"), code: "path-refused", file: "staging/backslash" },
  newline: { content: named("a\n.yaml"), code: "path-refused", file: "staging/newline" },
  latin1: { content: named(Buffer.from("\xe9.yaml", "latin1")), code: "path-refused", file: "staging/latin1" },
  "right-to-left": { content: named("\u202elmay.yaml"), code: "path-refused", file: "staging/right-to-left" },
  "long-name": { content: named(`${"n".repeat(5000)}.yaml`), code: "path-too-long", file: "staging/long-name" },
  link: { content: named("x.yaml", "120000", "/etc/passwd"), code: "symlink-refused", file: "staging/link/x.yaml" },
  "link-folder": { content: named("up", "120000", "../.."), code: "symlink-refused", file: "staging/link-folder/up" },
  submodule: {
    content: () => [{ mode: "160000", name: "sub", id: "1".repeat(40) }],
    code: "submodule-refused",
    file: "staging/submodule/sub",
  },
  case: { content: { "A.yaml": object, "a.yaml": object }, code: "path-collision", file: "staging/case/a.yaml" },
  letters: {
    content: { "e\u0301.yaml": object, "\u00e9.yaml": object },
    code: "path-collision",
    file: "staging/letters/\u00e9.yaml",
  },
  "wide-letters": {
    content: { "k.yaml": object, "\u212a.yaml": object },
    code: "path-collision",
    file: "staging/wide-letters/\u212a.yaml",
  },
  "same-twice": {
    content: (write) => [...named("a.yaml")(write), ...named("a.yaml")(write)],
    code: "path-collision",
    file: "staging/same-twice/a.yaml",
  },
  huge: { content: { "x.yaml": Buffer.alloc(3_000_000, 35) }, code: "manifest-too-large", file: "staging/huge/x.yaml" },
  many: {
    content: (write) => {
      const id = write.blob(object);
      return Array.from({ length: 5001 }, (_, n) => ({ mode: "100644", name: `${10_000 + n}.yaml`, id }));
    },
    code: "too-many-files",
    file: "staging/many",
  },
  "tree-bomb": {
    content: (write) => {
      const below = (depth: number): string =>
        depth === 0
          ? write.tree(named("x.yaml")(write))
          : write.tree(
              Array(10)
                .fill(below(depth - 1))
                .map((id: string, n) => ({ mode: "40000", name: `d${n}`, id })),
            );
      return [{ mode: "40000", name: "all", id: below(9) }];
    },
    code: "too-many-files",
    file: "staging/tree-bomb",
  },
  bomb: { content: { "x.yaml": bomb }, code: "yaml-too-many-values", file: "staging/bomb/x.yaml" },
  deep: { content: { "x.yaml": "[".repeat(100_000) }, code: "yaml-too-deep", file: "staging/deep/x.yaml" },
  "deep-json": { content: { "x.json": "[".repeat(100_000) }, code: "yaml-too-deep", file: "staging/deep-json/x.json" },
  documents: {
    content: { "x.yaml": "---\n{}\n".repeat(5001) },
    code: "too-many-documents",
    file: "staging/documents/x.yaml",
  },
  bytes: {
    content: { "x.yaml": Buffer.from([0xff, 0xfe, 0x00]) },
    code: "manifest-not-utf8",
    file: "staging/bytes/x.yaml",
  },
  nul: { content: { "x.yaml": `${object}data: { a: "\0" }\n` }, code: "manifest-not-yaml", file: "staging/nul/x.yaml" },
  twice: { content: { "x.yaml": `${object}kind: Secret\n` }, code: "yaml-duplicate-key", file: "staging/twice/x.yaml" },
  tag: { content: { "x.yaml": "!!js/function 'x'\n" }, code: "manifest-not-yaml", file: "staging/tag/x.yaml" },
  lfs: {
    content: { "x.yaml": `version https://git-lfs.github.com/spec/v1\noid sha256:${"4".repeat(64)}\nsize 12345\n` },
    code: "lfs-pointer",
    file: "staging/lfs/x.yaml",
  },
  "config-link": {
    content: (write) => [...named("delivery.yaml", "120000", "../../delivery.yaml")(write), ...named("x.yaml")(write)],
    code: "config-invalid",
    file: "staging/config-link/delivery.yaml",
  },
  "config-bomb": {
    content: { "delivery.yaml": bomb },
    code: "config-not-yaml",
    file: "staging/config-bomb/delivery.yaml",
  },
  "config-huge": {
    content: { "delivery.yaml": `# ${"x".repeat(70_000)}` },
    code: "config-too-large",
    file: "staging/config-huge/delivery.yaml",
  },
  "base-link": {
    content: { "kustomization.yaml": `resources: [../link]\n` },
    code: "symlink-refused",
    file: "staging/link/x.yaml",
  },
  "base-submodule": {
    content: { "kustomization.yaml": `resources: [../submodule]\n` },
    code: "submodule-refused",
    file: "staging/submodule/sub",
  },
  "base-is-submodule": {
    content: { "kustomization.yaml": `resources: [../submodule/sub]\n` },
    code: "kustomization-unusable",
    file: "staging/base-is-submodule/kustomization.yaml",
  },
  "base-environment": {
    content: { "kustomization.yaml": `resources: [..]\n` },
    code: "kustomization-unusable",
    file: "staging/base-environment/kustomization.yaml",
  },
  "base-root": {
    content: { "kustomization.yaml": `resources: [../..]\n` },
    code: "kustomization-unusable",
    file: "staging/base-root/kustomization.yaml",
  },
  "base-circle": {
    content: { "kustomization.yaml": `components: [../base-circle-back]\n` },
    code: "kustomization-unusable",
    file: "staging/base-circle-back/kustomization.yaml",
  },
  "base-circle-back": {
    content: { "kustomization.yaml": `components: [../base-circle]\n` },
    code: "kustomization-unusable",
    file: "staging/base-circle/kustomization.yaml",
  },
  "base-file": {
    content: { "kustomization.yaml": `resources: [../fine/x.yaml]\n` },
    code: "kustomization-unusable",
    file: "staging/base-file/kustomization.yaml",
  },
  "kustomization-case": {
    content: { "Kustomization.yaml": "resources: [x.yaml]\n", "x.yaml": object },
    code: "kustomization-below",
    file: "staging/kustomization-case/Kustomization.yaml",
  },
  "kustomized-namespace": {
    content: { "kustomization.yaml": `namespace: kube-system\nresources: [x.yaml]\n`, "x.yaml": object },
    code: "namespace-not-allowed",
    file: "staging/kustomized-namespace/x.yaml",
  },
  "patched-namespace": {
    content: {
      "kustomization.yaml": `resources: [x.yaml]\npatches: [{ target: { kind: ConfigMap }, patch: '[{ op: add, path: /metadata/namespace, value: kube-system }]' }]\n`,
      "x.yaml": object,
    },
    code: "namespace-not-allowed",
    file: "staging/patched-namespace/x.yaml",
  },
  "patched-kind": {
    content: {
      "kustomization.yaml": `resources: [x.yaml]\npatches: [{ target: { kind: ConfigMap }, options: { allowKindChange: true }, patch: '{ apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: { name: fine } }' }]\n`,
      "x.yaml": object,
    },
    code: "cluster-kind-not-allowed",
    file: "staging/patched-kind/x.yaml",
  },
  fine: { content: { "x.yaml": object, "README.md": "words" } },
};

type Rendered = Result<readonly Manifest[]>;

async function renderAll(git: Git, commit: string): Promise<ReadonlyMap<string, Rendered>> {
  const deployment = await readDeployment(git, commit);
  assert.ok(deployment.ok, JSON.stringify(deployment));
  const rendered = new Map<string, Rendered>();
  for (const { application, problems } of deployment.value.applications) {
    const revision = problems.length > 0 ? undefined : await readRevision(git, commit, application);
    rendered.set(application.name, revision ? await render(git, revision, application) : { ok: false, problems });
  }
  return rendered;
}

/** A hostile remote with one application for each case, read through a mirror. */
async function readHostile(t: TestContext) {
  const { root, remote, open } = temporaryRepository(t);
  const write = rawWriter(remote);
  const entries = ({ content }: Case): readonly RawEntry[] =>
    typeof content === "function"
      ? content(write)
      : Object.entries(content).map(([name, text]) => ({ mode: "100644", name, id: write.blob(text) }));
  const applications = Object.entries(cases)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, one]) => ({ mode: "40000", name, id: write.tree(entries(one)) }));
  const marker = join(root, "executed");
  const evil = `sh -c 'touch ${marker}'`;
  const commit = write.commit(
    write.tree([
      { mode: "100644", name: ".gitattributes", id: write.blob("* filter=evil diff=evil merge=evil\n*.yaml ident\n") },
      { mode: "100644", name: ".gitconfig", id: write.blob(`[core]\n\tfsmonitor = ${evil}\n\tsshCommand = ${evil}\n`) },
      {
        mode: "100644",
        name: ".gitmodules",
        id: write.blob(`[submodule "x"]\n\tpath = x\n\turl = ext::${evil}\n\tupdate = !${evil}\n`),
      },
      { mode: "100644", name: "delivery.yaml", id: write.blob("environments: { staging: {} }\n") },
      { mode: "40000", name: "hooks", id: write.tree(named("post-checkout", "100755", `#!/bin/sh\n${evil}\n`)(write)) },
      { mode: "40000", name: "staging", id: write.tree(applications) },
    ]),
  );
  return { root, remote, open, commit, marker, evil };
}

test("each class of hostile content is refused by name and file, and what stands beside it goes on (behaviours G1 and O5)", async (t) => {
  const { root, open, commit, marker } = await readHostile(t);
  const git = await open();
  const before = readdirSync(root).toSorted();
  const fetched = await git.fetch();
  assert.ok(fetched.ok, JSON.stringify(fetched));
  const rendered = await renderAll(git, commit);
  const wrong = Object.entries(cases).flatMap(([name, { code, file }]) => {
    const one = rendered.get(name);
    const problem = one?.ok === false ? one.problems[0] : undefined;
    const seen = [problem?.code, problem?.where?.file];
    return one && JSON.stringify(seen) === JSON.stringify([code, file])
      ? []
      : [{ name, expected: [code, file], seen, message: problem?.message }];
  });
  assert.deepEqual(wrong, []);
  const fine = rendered.get("fine");
  assert.deepEqual(fine?.ok && fine.value.map(({ ref }) => ref.name), ["fine"]);
  assert.equal(existsSync(marker), false, "nothing was executed");
  assert.deepEqual(readdirSync(root).toSorted(), before, "nothing was written outside of the mirror");
});

test("references of every kind are plain data, and none stands for another (behaviour G1)", async (t) => {
  const { remote, open, commit, marker, evil } = await readHostile(t);
  const write = rawWriter(remote);
  const other = write.commit(
    write.tree([{ mode: "100644", name: "delivery.yaml", id: write.blob("environments: { other: {} }\n") }]),
    "other",
  );
  for (const ref of [
    "refs/heads/HEAD",
    "refs/heads/-x",
    "refs/heads/--upload-pack=x",
    "refs/tags/main",
    "refs/tags/HEAD",
  ]) {
    runGit(remote, "update-ref", ref, other);
  }
  runGit(remote, "update-ref", `refs/heads/origin/main`, other);
  runGit(remote, "update-ref", `refs/heads/refs/heads/main`, other);
  runGit(remote, "update-ref", `refs/heads/${commit}`, other);
  runGit(remote, "update-ref", `refs/replace/${commit}`, other);
  mkdirSync(join(remote, "info"), { recursive: true });
  writeFileSync(join(remote, "info", "grafts"), `${other} ${commit}\n`);
  runGit(remote, "config", "uploadpack.packObjectsHook", evil);
  const long = `refs/heads/${"n".repeat(300)}`;
  runGit(remote, "pack-refs", "--all");
  const packed = join(remote, "packed-refs");
  const lines = readFileSync(packed, "utf8")
    .split("\n")
    .filter((line) => line !== "");
  const sorted = [...lines.slice(1), `${other} ${long}`].toSorted((a, b) => (a.slice(41) < b.slice(41) ? -1 : 1));
  writeFileSync(packed, `${[lines[0] ?? "", ...sorted].join("\n")}\n`);

  const git = await open();
  const fetched = await git.fetch();
  assert.ok(fetched.ok, JSON.stringify(fetched));
  assert.equal(await git.branch("main"), commit);
  assert.equal(await git.branch("HEAD"), other);
  assert.equal((await git.commit(commit)).id, commit, "no replacement stands in");
  assert.equal((await git.log("main", "", 5)).length, 1, "no graft lengthens a history");
  assert.equal((await git.log(commit, "", 5))[0]?.id, commit, "an id is an id, whatever branches are called");
  assert.equal(existsSync(marker), false);
});

test("a tree that git itself cannot read is said, and what was fetched before stays", async (t) => {
  const { remote, open } = temporaryRepository(t);
  const write = rawWriter(remote);
  const delivery = { mode: "100644", name: "delivery.yaml", id: write.blob("environments: { staging: {} }\n") };
  const good = write.commit(write.tree([delivery]));
  const git = await open();
  assert.ok((await git.fetch()).ok);
  // NUL ends a name, so one inside of it makes the id that follows another, and the tree too short.
  write.commit(write.tree([delivery, { mode: "40000", name: "sta\0ging", id: delivery.id }]));
  const fetched = await git.fetch();
  assert.ok(!fetched.ok);
  assert.ok(fetched.problem.message.includes(remote));
  assert.ok(fetched.problem.remedy);
  assert.equal(await git.branch("main"), good);
  assert.equal((await git.commit(good)).id, good);
});
