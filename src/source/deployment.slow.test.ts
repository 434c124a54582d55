import assert from "node:assert/strict";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { commitFiles } from "../io/git/git-contract-in-test.ts";
import { runGit, temporaryRepository } from "../io/git/temporary-repository-in-test.ts";
import { formatProblem } from "../model/problem.ts";
import { readDeployment } from "./deployment.ts";
import { readRevision } from "./revision.ts";

const configuration = `require: signed
environments:
  staging:
    namespace: "{application}-staging"
    rollout: { deadline: 2m }
    allowClusterKinds: [Namespace, rbac.authorization.k8s.io/ClusterRole]
  production:
    require: [signed-images]
    promote: { from: staging, via: branch }
`;

async function deployed(t: TestContext, files: Record<string, string>) {
  const git = await temporaryRepository(t).open();
  const commit = await commitFiles(git, undefined, files);
  return { git, commit, result: await readDeployment(git, commit) };
}

test("every directory that fits the layout of a declared environment is an application", async (t) => {
  const { git, commit, result } = await deployed(t, {
    "delivery.yaml": configuration,
    "README.md": "",
    ".github/workflows/ci.yml": "",
    "docs/guide/text.md": "",
    "staging/README.md": "",
    "staging/probe/a.yaml": "",
    "staging/probe/delivery.yaml": "rollout: { soak: 1s }\nallowEmpty: true\n",
    "staging/other/deep/a.yaml": "",
    "production/probe/a.yaml": "",
  });
  assert.ok(result.ok);
  const { applications } = result.value;
  assert.deepEqual(
    applications.map(({ application, problems }) => [
      application.id,
      application.namespace,
      application.path,
      problems.length,
    ]),
    [
      ["production/probe", "probe-production", "production/probe", 0],
      ["staging/other", "other-staging", "staging/other", 0],
      ["staging/probe", "probe-staging", "staging/probe", 0],
    ],
  );
  assert.deepEqual(
    applications.map(({ application }) => application.promotion),
    [{ from: "staging", via: "branch", soakMs: 0 }, undefined, undefined],
  );
  assert.deepEqual(
    applications.map(({ application }) => application.requires),
    [["signed", "signed-images"], ["signed"], ["signed"]],
  );
  const probe = applications[2];
  assert.equal(probe?.tree, await git.treeAt(commit, "staging/probe"));
  assert.deepEqual(probe?.application.allowClusterKinds, ["/Namespace", "rbac.authorization.k8s.io/ClusterRole"]);
  assert.equal(probe?.application.allowEmpty, true);
  assert.deepEqual(
    [probe?.application.rollout, applications[0]?.application.rollout].map((r) => [
      r?.deadlineMs,
      r?.soakMs,
      r?.onFailure,
      r?.maxRestarts,
    ]),
    [
      [120_000, 1000, "revert", 2],
      [300_000, 10_000, "revert", 2],
    ],
  );
});

test("another layout is followed", async (t) => {
  const { result } = await deployed(t, {
    "delivery.yaml": `layout: "apps/{application}/{environment}"\n${configuration}`,
    "apps/probe/staging/a.yaml": "",
    "apps/probe/unknown/a.yaml": "",
    "apps/file": "",
    "staging/else/a.yaml": "",
  });
  assert.ok(result.ok);
  assert.deepEqual(
    result.value.applications.map(({ application }) => [application.id, application.path]),
    [["staging/probe", "apps/probe/staging"]],
  );
});

test("a repository without delivery.yaml, or with a wrong one, is refused with file, line and remedy", async (t) => {
  const cases: [Record<string, string>, RegExp][] = [
    [{ a: "" }, /^delivery\.yaml: The repository has no delivery\.yaml.*\(Add one/],
    [{ "delivery.yml": configuration }, /Rename delivery\.yml/],
    [{ "delivery.yaml/x": "" }, /is not a file/],
    [{ "delivery.yaml": `#${"x".repeat(70_000)}` }, /longer than/],
    [
      { "delivery.yaml": "environments: { a: { promote: { from: b } } }" },
      /promote\.from: "b" is not another environment/,
    ],
    [
      {
        "delivery.yaml":
          "environments: { a: { promote: { from: b } }, b: { promote: { from: c } }, c: { promote: { from: a } } }",
      },
      /^delivery\.yaml:1: environments\.a\.promote\.from: leads back to a, .* circle/,
    ],
    [
      { "delivery.yaml": "environments: { a: { promote: { from: constructor } } }" },
      /promote\.from: "constructor" is not another environment/,
    ],
    [{ "delivery.yaml": "environments:\n  a: { colour: red }\n" }, /^delivery\.yaml:2: .*unknown key "colour"/],
  ];
  for (const [files, expected] of cases) {
    const { result } = await deployed(t, files);
    assert.match(result.ok ? "ok" : result.problems.map(formatProblem).join("\n"), expected);
  }
});

test("a broken application does not affect another", async (t) => {
  const { result } = await deployed(t, {
    "delivery.yaml": configuration,
    "staging/broken/delivery.yaml": "rollout:\n  dedline: 2m\n",
    "staging/Upper/a.yaml": "",
    [`staging/${"long".repeat(15)}/a.yaml`]: "",
    "staging/fine/a.yaml": "",
  });
  assert.ok(result.ok);
  const said = new Map(
    result.value.applications.map(({ application, problems }) => [
      application.name,
      problems.map(formatProblem).join(),
    ]),
  );
  assert.match(said.get("broken") ?? "", /^staging\/broken\/delivery\.yaml:2: rollout: unknown key "dedline"/);
  assert.match(said.get("Upper") ?? "", /cannot be an application's name/);
  assert.match(said.get("long".repeat(15)) ?? "", /cannot be an application's name|not a name that Kubernetes takes/);
  assert.equal(said.get("fine"), "");
});

test("links in the place of an application or of its configuration are never followed", async (t) => {
  const { root, remote, open } = temporaryRepository(t);
  const work = join(root, "work");
  runGit(root, "clone", "--quiet", remote, work);
  mkdirSync(join(work, "staging", "app"), { recursive: true });
  writeFileSync(join(work, "delivery.yaml"), configuration);
  chmodSync(join(work, "delivery.yaml"), 0o755);
  symlinkSync("../delivery.yaml", join(work, "staging", "link"));
  symlinkSync("../../delivery.yaml", join(work, "staging", "app", "delivery.yaml"));
  runGit(work, "add", ".");
  runGit(work, "update-index", "--add", "--cacheinfo", `160000,${"1".repeat(40)},staging/sub`);
  runGit(work, "commit", "--quiet", "-m", "links");
  runGit(work, "push", "--quiet", "origin", "main");
  const git = await open();
  await git.fetch();
  const result = await readDeployment(git, (await git.branch("main")) ?? "");
  assert.ok(result.ok);
  const codes = result.value.applications.map(({ application, problems }) => [application.name, problems[0]?.code]);
  assert.deepEqual(codes, [
    ["app", "config-invalid"],
    ["link", "application-not-directory"],
    ["sub", "application-not-directory"],
  ]);
});

test("a revision is named by the commit that last changed the directory", async (t) => {
  const git = await temporaryRepository(t).open();
  const files = { "delivery.yaml": configuration, "staging/probe/a.yaml": "1", "staging/other/a.yaml": "1" };
  const one = await commitFiles(git, undefined, files, "Add all");
  const message = "Roll back\n\nPlumbline-Application: staging/probe\nPlumbline-Undoes: abc\n";
  const two = await commitFiles(git, one, { "staging/probe/a.yaml": "2" }, message);
  const three = await commitFiles(git, two, { "staging/other/a.yaml": "3" }, "Change other");
  const result = await readDeployment(git, three);
  assert.ok(result.ok);
  const [other, probe] = result.value.applications.map((found) => found.application);
  assert.ok(other && probe);
  const revision = await readRevision(git, three, probe);
  assert.deepEqual([revision?.commit, revision?.undoes, revision?.subject], [two, "abc", "Roll back"]);
  assert.equal(revision?.tree, await git.treeAt(two, "staging/probe"));
  assert.deepEqual(
    [(await readRevision(git, three, other))?.commit, (await readRevision(git, one, probe))?.undoes],
    [three, undefined],
  );
  assert.equal(await readRevision(git, three, { ...probe, path: "staging/gone" }), undefined);
});
