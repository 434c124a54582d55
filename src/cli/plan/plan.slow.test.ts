import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { configMapYaml, deploymentYaml, namespaceYaml } from "../../engine/workbench-in-test.ts";
import { runGit } from "../../io/git/temporary-repository-in-test.ts";
import type { PlanDocument, PlannedApplication } from "../../model/plan-document.ts";
import { makePlace, plumb } from "../plumb-in-test.ts";
import type { Ended, Place } from "../plumb-in-test.ts";

const environments = 'environments:\n  staging: { namespace: "{application}" }\n';
const image = `example.test/app:1@sha256:${"1".repeat(64)}`;
const other = `example.test/app:2@sha256:${"2".repeat(64)}`;

/** A clone with one revision on `main`, which a remote has, and whatever else a test commits. */
interface Clone {
  readonly place: Place;
  readonly folder: string;
  readonly git: (...args: readonly string[]) => string;
  readonly commit: (files: { readonly [path: string]: string | null }, message?: string) => string;
  readonly plan: (...args: readonly string[]) => Promise<Ended>;
  readonly document: (...args: readonly string[]) => Promise<PlanDocument>;
}

async function makeClone(t: TestContext): Promise<Clone> {
  const place = await makePlace(t);
  const folder = join(place.folder, "clone");
  runGit(place.folder, "init", "--quiet", "--bare", "--initial-branch=main", "remote.git");
  runGit(place.folder, "init", "--quiet", "--initial-branch=main", folder);
  const git = (...args: readonly string[]): string => runGit(folder, ...args);
  git("remote", "add", "origin", "../remote.git");
  const commit: Clone["commit"] = (files, message = "Change") => {
    for (const [path, text] of Object.entries(files)) {
      rmSync(join(folder, path), { recursive: true, force: true });
      if (text === null) continue;
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    git("add", "--all");
    git("commit", "--quiet", "--message", message);
    return git("rev-parse", "HEAD");
  };
  commit({
    "delivery.yaml": environments,
    "staging/shop/all.yaml": `${namespaceYaml("shop")}---\n${configMapYaml("old", { a: "1" })}`,
    "staging/shop/web.yaml": deploymentYaml("web", "ready", { image }),
    "staging/other/all.yaml": configMapYaml("other", { a: "1" }),
  });
  git("push", "--quiet", "origin", "main");
  git("fetch", "--quiet");
  const plan = (...args: readonly string[]): Promise<Ended> => plumb(t, { ...place, folder }, "plan", ...args);
  const document = async (...args: readonly string[]): Promise<PlanDocument> => {
    const { out, err } = await plan("--json", ...args);
    assert.notEqual(out, "", err);
    return JSON.parse(out) as PlanDocument;
  };
  return { place, folder, git, commit, plan, document };
}

function said({ objects }: PlannedApplication): readonly string[] {
  return objects.map(({ action, ref, fields }) => {
    return `${action} ${ref.kind} ${ref.name}${fields.map(({ field, to }) => ` ${field}=${to}`).join("")}`;
  });
}

test("in a clone, what HEAD brings to the tracked branch, object by object (V5)", async (t) => {
  const { commit, document, git, plan, folder } = await makeClone(t);
  git("switch", "--quiet", "--create", "change");
  commit({
    "delivery.yaml": environments.replace(" }\n", ", rollout: { deadline: 30s } }\n"),
    "staging/shop/all.yaml": `${namespaceYaml("shop")}---\n${configMapYaml("new", { a: "1" })}`,
    "staging/shop/web.yaml": deploymentYaml("web", "ready", { image: other }),
  });
  // Others went on meanwhile: what they changed is not what this change brings.
  git("switch", "--quiet", "main");
  commit({ "staging/other/all.yaml": configMapYaml("other", { a: "2" }) });
  git("push", "--quiet", "origin", "main");
  git("switch", "--quiet", "change");
  const found = await document();
  assert.deepEqual([found.from.name, found.to.name, found.against], ["origin/main", "HEAD", "git"]);
  const shop = found.applications.find(({ id }) => id === "staging/shop");
  assert.ok(shop);
  assert.deepEqual(said(shop), [
    "create ConfigMap new",
    `configure Deployment web spec.template.spec.containers[app].image=${other}`,
    "delete ConfigMap old",
  ]);
  assert.deepEqual(shop.settings, [{ field: "rollout.deadline", from: "5m", to: "30s" }]);
  assert.deepEqual([shop.verdict, shop.unchanged], ["delivered", 1]);
  const elsewhere = found.applications.find(({ id }) => id === "staging/other");
  assert.deepEqual(elsewhere?.objects, [], "its gate changes, and nothing else");
  const reversed = await document("main..HEAD");
  assert.deepEqual(reversed.applications.map(said)[0], ["configure ConfigMap other data.a=1"], "two dots: as they are");

  assert.equal((await plan()).code, 0);
  assert.equal((await plan("--exit-code")).code, 3);
  const nothing = await plan("main..main", "--exit-code");
  assert.deepEqual([nothing.code, /no changes/.test(nothing.out)], [0, true]);
  assert.match((await plan("--markdown")).out, /^<!-- plumb plan -->/);
  assert.equal((await plan("--markdown", "--json")).code, 2);
  writeFileSync(join(folder, "draft.txt"), "");
  assert.match((await plan()).out, /note: 1 file has changes that are not committed/);
});

test("what would be refused or held is told with its place, and ends with 1", async (t) => {
  const { commit, document, plan } = await makeClone(t);
  commit({
    "staging/shop/web.yaml": "kind: Deployment\n",
    "staging/other/all.yaml": null,
    "staging/other/README": "gone",
  });
  const refused = await plan("HEAD~1..HEAD");
  assert.equal(refused.code, 1);
  assert.match(refused.out, /staging\/shop {2}changed, refused\n {2}refused {2}staging\/shop\/web\.yaml:1: /);
  assert.match(refused.out, /staging\/other {2}changed, held\n {2}held {2}staging\/other: .*allowEmpty: true/);
  assert.match(refused.out, /1 application refused; 1 application held/);

  commit({ "staging/shop": null });
  const gone = await document("HEAD~2..HEAD");
  const shop = gone.applications.find(({ id }) => id === "staging/shop");
  assert.ok(shop);
  assert.deepEqual([shop.change, shop.verdict], ["removed", "held"]);
  assert.deepEqual(said(shop), ["keep ConfigMap old", "keep Namespace shop", "keep Deployment web"]);
  assert.match(shop.problems[0]?.message ?? "", /staging\/shop is gone from Git; the 3 objects/);

  commit({ "delivery.yaml": "environments:\n  staging: { nmespace: x }\n" });
  const broken = await plan("HEAD~1..HEAD");
  assert.equal(broken.code, 1);
  assert.match(broken.out, /refused {2}delivery\.yaml:2: .*\nnothing would be delivered/);
});

test("a namespace that goes, a digest that failed here and a policy that holds are told beforehand", async (t) => {
  const { commit, document } = await makeClone(t);
  commit(
    { "staging/shop/web.yaml": deploymentYaml("web", "ready", { image, env: ["{ name: A, value: b }"] }) },
    `Roll back staging/shop\n\nPlumbline-Rejects: ${other}`,
  );
  const from = commit({ "staging/shop/note.txt": "x" });
  commit({
    "staging/shop/all.yaml": configMapYaml("old", { a: "1" }),
    "staging/shop/web.yaml": deploymentYaml("web", "ready", { image: other }),
    "staging/shop/delivery.yaml": "rollout: { onFailure: hold }\nafter: [other]\n",
  });
  const [shop] = (await document(`${from}..HEAD`)).applications;
  assert.match(
    shop?.objects.find(({ action }) => action === "delete")?.why ?? "",
    /kept while something of others is in it/,
  );
  assert.match(shop?.notes.join("\n") ?? "", /app:2@sha256:2+ failed here before: commit \w{8} took it back/);
  assert.match(shop?.notes.join("\n") ?? "", /begins when staging\/other is healthy/);
  assert.match(shop?.notes.join("\n") ?? "", /stays as it is until a person acts/);
});

test("a remote is read by its URL, branches by their names; a name that is not there is named", async (t) => {
  const { commit, git, place, plan, document } = await makeClone(t);
  git("switch", "--quiet", "--create", "change");
  const head = commit({ "staging/other/all.yaml": configMapYaml("other", { a: "3" }) });
  git("push", "--quiet", "origin", "change");
  const remote = `--repository=${join(place.folder, "remote.git")}`;
  for (const range of ["main..change", "change", `main...${head.slice(0, 10)}`]) {
    const found = await document(range, remote);
    assert.deepEqual(
      [found.to.commit, found.applications.map(said)],
      [head, [["configure ConfigMap other data.a=3"]]],
      range,
    );
  }
  for (const [args, words] of [
    [[remote], /is not a clone on this machine.*main\.\.my-branch/],
    [["main..nowhere", remote], /"nowhere" is no branch, tag or commit of the repository/],
    [["--output=x"], /unknown option/],
    [["main..--output"], /"--output" is no branch/],
  ] as const) {
    const { code, err } = await plan(...args);
    assert.ok(code === 1 || code === 2);
    assert.match(err, words);
    assert.doesNotMatch(err, /plumb-mirror|defect/);
  }
  const shallow = join(place.folder, "shallow");
  runGit(
    place.folder,
    "clone",
    "--quiet",
    "--depth=1",
    "--branch=change",
    `file://${place.folder}/remote.git`,
    shallow,
  );
  const alone = await plan(`--repository=${shallow}`, "HEAD");
  assert.equal(alone.code, 1);
  assert.match(alone.err, /is no branch, tag or commit|no commit in common.*fetch-depth: 0/);
});

test("a secret is in no plan (G4)", async (t) => {
  const { commit, plan } = await makeClone(t);
  const secret = (value: string): string =>
    `apiVersion: v1\nkind: Secret\nmetadata: { name: key }\nstringData: { a: ${value} }\n`;
  const files = (value: string) => ({
    "staging/shop/secret.yaml": secret(value),
    "staging/shop/web.yaml": deploymentYaml("web", "ready", { image, env: [`{ name: API_TOKEN, value: ${value} }`] }),
  });
  commit(files("hunter2"));
  commit(files("swordfish"));
  for (const range of ["HEAD~1..HEAD", "HEAD~2..HEAD"]) {
    for (const form of [[], ["--json"], ["--markdown"]]) {
      const { out, err, code } = await plan(range, ...form);
      assert.equal(code, 0, err);
      assert.match(out, /Secret/);
      assert.doesNotMatch(out + err, /hunter2|swordfish/);
    }
  }
});
