import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { startGitServer } from "../../conformance/git-server.ts";
import { deploymentYaml, namespaceYaml, openWorkbench } from "../engine/workbench-in-test.ts";
import type { Workbench } from "../engine/workbench-in-test.ts";
import { runGit } from "../io/git/temporary-repository-in-test.ts";
import type { StatusDocument } from "../model/status-document.ts";
import type { Explanation } from "./explain/explanation.ts";
import { makePlace, plumb } from "./plumb-in-test.ts";
import type { Place } from "./plumb-in-test.ts";

const application = "production/shop";
const gate = "rollout: { deadline: 20s, soak: 300ms, maxRestarts: 0 }";

test("with read access to the repository alone, a person answers what runs, since when, by whom, what failed, why, and what undid it (V1)", async (t) => {
  const bench = await openWorkbench(t);
  const story = await failInProduction(bench);
  const server = await startGitServer({ folder: dirname(bench.remote), isReadOnly: true });
  t.after(() => server.stop());
  const url = `${server.url}/remote.git`;
  const place = await makePlace(t);
  // The person has git and plumb, and nothing of the cluster: no kubeconfig, and an API server that lets no stranger in.
  const person: Place = {
    ...place,
    env: { PATH: process.env["PATH"] ?? "", HOME: place.folder, TMPDIR: place.temporary },
  };
  assert.equal(await answerToStrangers(bench.cluster.kubeconfigPath), 401);
  const clone: Place = { ...person, folder: join(place.folder, "clone") };
  // The server is of this process: git must not keep it from answering.
  const remotely = promisify(execFile);
  await remotely("git", ["clone", "--quiet", url, clone.folder], { env: person.env });
  const push = ["push", "--quiet", "origin", "HEAD:refs/heads/mine"];
  await assert.rejects(remotely("git", push, { cwd: clone.folder, env: person.env }), /403|denied/i);

  const run = async (...args: readonly string[]) => {
    const { out, err, code } = await plumb(t, clone, ...args);
    assert.equal(code, 0, err);
    return out;
  };
  const status = JSON.parse(await run("status", "--json")) as StatusDocument;
  const shop = status.applications.find(({ id }) => id === application);

  // What runs in production, and since when.
  assert.deepEqual(
    [shop?.outcome, shop?.live?.commit, shop?.live?.images],
    ["healthy", story.rollback, [bench.images.first]],
  );
  assert.equal(shop?.live?.healthyAt, story.healthyAt);
  const text = await run("status");
  assert.match(
    text,
    new RegExp(
      `production/shop {2}healthy .*\\n {2}Git wants {2}${story.rollback.slice(0, 8)} Roll back production/shop`,
    ),
  );

  // Who wrote it: the state that came back is Ada's.
  const live = JSON.parse(await run("explain", application, "--delivery", story.rollback, "--json")) as Explanation;
  assert.deepEqual([live.outcome, live.cause.restores?.commit], ["healthy", story.good]);
  assert.equal(live.cause.restores?.author, "Ada <ada@example.com>");

  // What failed last, and why: the commit, who wrote it, what it changed, and how its container ended.
  const failure = JSON.parse(await run("explain", "--json")) as Explanation;
  assert.deepEqual(
    [failure.application, failure.revision.commit, failure.outcome],
    [application, story.bad, "rolled-back"],
  );
  assert.equal(failure.revision.author, "Grace <grace@example.com>");
  assert.match(failure.message, /Deployment shop-production\/web: .*container app .*exit code 3/);
  assert.deepEqual(failure.cause.files, [{ path: "production/shop/web.yaml", change: "changed" }]);
  const fields = failure.cause.objects.flatMap((object) => object.fields);
  assert.ok(
    fields.some(({ field, from, to }) => field.endsWith("env[MODE].value") && from === "ready" && to === "crash"),
  );
  assert.deepEqual(failure.steps.map(({ outcome }) => outcome).slice(-2), ["failed", "rolled-back"]);
  assert.deepEqual(
    failure.applied.map(({ ref, outcome }) => [ref.kind, ref.name, outcome]),
    [["Deployment", "web", "configured"]],
  );

  // What was rolled back by which commit, and what may not come back by itself.
  assert.equal(failure.rollback?.commit, story.rollback);
  assert.deepEqual(failure.rollback?.parents, [story.bad]);
  assert.equal(failure.rollback?.restores.commit, story.good);
  assert.deepEqual(failure.rejected, [{ image: bench.images.second, by: story.rollback }]);
  const words = await run("explain");
  for (const said of [
    "production/shop  rolled back",
    "by Grace <grace@example.com>",
    `rolled back by commit ${story.rollback}`,
    `git show ${story.bad} -- production/shop`,
    "with the trailer Plumbline-Accept: sha256:",
  ]) {
    assert.ok(words.includes(said), `${said}\n${words}`);
  }

  // The same with git alone: the first page of the branch, its history, and the rollback on the tracked branch.
  const git = (...args: readonly string[]): string => runGit(clone.folder, ...args);
  assert.match(
    git("show", "origin/plumbline/log:README.md"),
    /\| \[production\/shop\]\(production\/shop\.md\) \| ✅ healthy \| app:1 /,
  );
  assert.match(
    git("log", "--format=%s", "origin/plumbline/log", "--", `${application}.json`),
    /production\/shop: rolled back/,
  );
  assert.equal(
    git("log", "-1", "--format=%(trailers:key=Plumbline-Undoes,valueonly)", "origin/main").trim(),
    story.bad,
  );

  const none = await plumb(t, clone, "explain", "production/other");
  assert.equal(none.code, 1);
  assert.match(none.err, /tells of nothing of production\/other \(plumb status lists/);
});

/** Ada's first delivery is healthy, Grace's next one crashes and is rolled back; both by name. */
async function failInProduction(bench: Workbench) {
  bench.commit({ "delivery.yaml": `environments:\n  staging: { ${gate} }\n  production: { ${gate} }\n` });
  const { untilRecord } = await bench.engine();
  const good = commitAs(bench, "Ada <ada@example.com>", "Sell things", {
    "production/shop/namespace.yaml": namespaceYaml("shop-production"),
    "production/shop/web.yaml": deploymentYaml("web", "ready", { image: bench.images.first }),
  });
  await untilRecord(application, "it is healthy", ({ outcome }) => outcome === "healthy");
  const bad = commitAs(bench, "Grace <grace@example.com>", "Sell faster", {
    "production/shop/web.yaml": deploymentYaml("web", "crash", { image: bench.images.second }),
  });
  const back = await untilRecord(
    application,
    "the rollback is healthy",
    ({ outcome, revision }) => outcome === "healthy" && revision.undoes === bad,
  );
  return { good, bad, rollback: back.revision.commit, healthyAt: back.lastHealthy?.healthyAt };
}

function commitAs(
  bench: Workbench,
  author: string,
  message: string,
  files: { readonly [path: string]: string },
): string {
  const folder = join(bench.folder, `by-${message.replaceAll(" ", "-")}`);
  runGit(bench.folder, "clone", "--quiet", bench.remote, folder);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  runGit(folder, "add", "--all");
  runGit(folder, "commit", "--quiet", "--author", author, "--message", message);
  runGit(folder, "push", "--quiet", "origin", "HEAD:main");
  return runGit(folder, "rev-parse", "HEAD");
}

/** What the API server answers to whoever comes without credentials. */
function answerToStrangers(kubeconfig: string): Promise<number | undefined> {
  const [, server = ""] = /"?server"?: *"?(https?:[^"\s]+)/.exec(readFileSync(kubeconfig, "utf8")) ?? [];
  return new Promise((resolve, reject) => {
    request(`${server}/api/v1/namespaces`, { rejectUnauthorized: false, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .once("error", reject)
      .end();
  });
}
