import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { delimiter, join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { load } from "js-yaml";
import { configMapYaml, namespaceYaml } from "../engine/workbench-in-test.ts";
import { runGit } from "../io/git/temporary-repository-in-test.ts";
import { packageFile } from "./package-root.ts";
import { makePlace } from "./plumb-in-test.ts";
import type { Place } from "./plumb-in-test.ts";
import { startRemote } from "./remote-in-test.ts";

const files = {
  github: { plan: "github/plan.yml", release: "github/release.yml" },
  gitea: { plan: "gitea/plan.yml", release: "gitea/release.yml" },
  gitlab: { plan: "gitlab/plan.gitlab-ci.yml", release: "gitlab/release.gitlab-ci.yml" },
} as const;
type Forge = keyof typeof files;
type Job = keyof (typeof files)["github"];

const textOf = (forge: Forge, job: Job): string => readFileSync(packageFile("docs", "ci", files[forge][job]), "utf8");

interface Step {
  readonly name?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly with?: { readonly [name: string]: unknown };
}
interface Workflow {
  readonly on: unknown;
  readonly permissions?: object;
  readonly jobs: { readonly [name: string]: { readonly permissions?: object; readonly steps: readonly Step[] } };
}
interface GitlabJob {
  readonly script: readonly string[];
  readonly [key: string]: unknown;
}

const stepsOf = (forge: Forge, job: Job): readonly Step[] =>
  Object.values((load(textOf(forge, job)) as Workflow).jobs).flatMap(({ steps }) => steps);
const gitlabJob = (job: Job): GitlabJob =>
  (load(textOf("gitlab", job)) as { readonly [name: string]: GitlabJob })[job] as GitlabJob;
/** What the job runs, but for the installation. */
const scriptOf = (forge: Forge, job: Job): string =>
  forge === "gitlab"
    ? gitlabJob(job).script.join("\n")
    : stepsOf(forge, job)
        .flatMap(({ run }) => run ?? [])
        .join("\n");

test("the workflows pin what they use, ask for little, and let no event's text into a script", () => {
  for (const forge of ["github", "gitea"] as const) {
    for (const job of ["plan", "release"] as const) {
      const text = textOf(forge, job);
      const workflow = load(text) as Workflow;
      assert.ok(!JSON.stringify(workflow.on).includes("target"), "pull_request_target is the trap");
      for (const step of stepsOf(forge, job)) {
        if (step.uses !== undefined) assert.match(text, new RegExp(`uses: ${step.uses} # v\\d+\\.\\d+\\.\\d+$`, "m"));
        if (step.uses !== undefined) assert.match(step.uses, /^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
        if (step.uses?.startsWith("actions/checkout@")) assert.equal(step.with?.["persist-credentials"], false);
        assert.ok(
          !step.run?.includes("${{"),
          `${forge} ${job} ${step.name}: an expression in a script can be a command`,
        );
      }
      if (forge === "gitea") continue;
      assert.deepEqual(workflow.permissions, {});
      const [only] = Object.values(workflow.jobs).map(({ permissions }) => permissions);
      assert.deepEqual(only, job === "plan" ? { contents: "read", "pull-requests": "write" } : { contents: "read" });
    }
  }
});

test("the jobs of GitLab have keywords that it knows, and every script is one that a shell reads", () => {
  const keywords = new Set("image rules environment resource_group interruptible timeout variables script".split(" "));
  for (const job of ["plan", "release"] as const) {
    assert.deepEqual(
      Object.keys(gitlabJob(job)).filter((key) => !keywords.has(key)),
      [],
    );
    for (const forge of Object.keys(files) as Forge[])
      execFileSync("bash", ["-n"], { input: scriptOf(forge, job), encoding: "utf8" });
  }
});

/** Programs of a runner: `plumb` is this one, `npm` has nothing to install, `gh` keeps the comment that it is given. */
function runner(place: Place) {
  const bin = join(place.folder, "bin");
  mkdirSync(bin, { recursive: true });
  const program = (name: string, script: string): void => {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, name), 0o755);
  };
  const log = `printf '%s\\n' "$*" >>"${place.folder}/argv"`;
  program("plumb", `${log}\nexec "${process.execPath}" "${packageFile("dist", "src", "cli", "main.js")}" "$@"`);
  const usual = place.env["PATH"] ?? "";
  const isInstalled = `[ "$*" = "install --global --ignore-scripts plumbline@1" ] && exit 0`;
  program("npm", `${isInstalled}\nPATH="${usual}" exec npm "$@"`);
  program("gh", `${log}\ncat "$5" >"${place.folder}/comment.md"`);
  const temporary = join(place.folder, "runner");
  mkdirSync(temporary, { recursive: true });
  return {
    ...place.env,
    PATH: `${bin}${delimiter}${usual}`,
    PLUMBLINE_PACKAGE: "plumbline@1",
    RUNNER_TEMP: temporary,
    GITHUB_STEP_SUMMARY: join(place.folder, "summary.md"),
    GITHUB_ENV: join(place.folder, "env"),
    TMPDIR: place.temporary,
  };
}

/** Runs the steps as a runner does: one shell each, which ends at the first failure, with what earlier steps exported. */
async function runJob(forge: Forge, job: Job, cwd: string, env: NodeJS.ProcessEnv) {
  const scripts =
    forge === "gitlab" ? [gitlabJob(job).script.join("\n")] : stepsOf(forge, job).flatMap(({ run }) => run ?? []);
  let output = "";
  for (const script of scripts) {
    const exported =
      env["GITHUB_ENV"] !== undefined && existsSync(env["GITHUB_ENV"]) ? readFileSync(env["GITHUB_ENV"], "utf8") : "";
    const more = Object.fromEntries(
      exported
        .split("\n")
        .filter(Boolean)
        .map((line) => line.split("=", 2) as [string, string]),
    );
    const child = spawn("bash", ["-eo", "pipefail", "-c", script], {
      cwd,
      env: { ...env, ...more },
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (output += text));
    const [code] = (await once(child, "close")) as [number];
    if (code !== 0) return { code, output };
  }
  return { code: 0, output };
}

/** A forge's API for comments: keeps them, whoever knows the token. */
async function startComments(t: TestContext, header: string, value: string) {
  const comments: string[] = [];
  const seen: string[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => (body += text));
    request.on("end", () => {
      seen.push(`${request.method} ${request.url?.split("?")[0]}`);
      if (request.headers[header] !== value) return response.writeHead(401).end("{}");
      const isJson = request.headers["content-type"] === "application/json";
      const text =
        isJson && body ? (JSON.parse(body) as { body: string }).body : (new URLSearchParams(body).get("body") ?? "");
      if (request.method === "POST") comments.push(text);
      if (request.method === "PATCH" || request.method === "PUT") comments[0] = text;
      return response.writeHead(200).end(JSON.stringify(comments.map((one, id) => ({ id: id + 7, body: one }))));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, comments, seen };
}

for (const forge of ["github", "gitea", "gitlab"] as const) {
  test(`${forge}: the plan of a pull request becomes one comment, and what would be refused fails the job behind it`, async (t) => {
    const place = await makePlace(t);
    const { push, git } = await startRemote(t, place);
    const settings = (a: string): string => `${namespaceYaml("shop-staging")}---\n${configMapYaml("settings", { a })}`;
    const base = push({
      "delivery.yaml": "environments: { staging: { namespace: shop-staging } }\n",
      "staging/shop/all.yaml": settings("1"),
    });
    const head = push({ "staging/shop/all.yaml": settings("2") });
    const broken = push({ "staging/shop/all.yaml": `${settings("3")}---\nkind: Nothing\n` });
    const clone = join(place.folder, "clone");
    git("clone", "--quiet", ".", clone);
    const token = "the-token-for-comments";
    const [header, value] = forge === "gitlab" ? ["private-token", token] : ["authorization", `token ${token}`];
    const api = await startComments(t, header, value);
    const env = {
      ...runner(place),
      COMMENT_TOKEN: token,
      API: api.url,
      NUMBER: "5",
      CI_API_V4_URL: api.url,
      CI_PROJECT_ID: "3",
      CI_MERGE_REQUEST_IID: "5",
    };
    const run = (to: string) => {
      runGit(clone, "checkout", "--quiet", to);
      rmSync(env.GITHUB_ENV, { force: true });
      return runJob(forge, "plan", clone, {
        ...env,
        BASE: base,
        HEAD: to,
        CI_MERGE_REQUEST_DIFF_BASE_SHA: base,
        CI_COMMIT_SHA: to,
      });
    };
    const good = await run(head);
    assert.equal(good.code, 0, good.output);
    const comment = (): string | undefined =>
      forge === "github" ? readFileSync(join(place.folder, "comment.md"), "utf8") : api.comments[0];
    assert.match(comment() ?? "", /settings/);
    const bad = await run(broken);
    assert.equal(bad.code, 1, bad.output);
    assert.match(comment() ?? "", /refused|Nothing|apiVersion/);
    assert.ok(api.comments.length <= 1, "the first comment is brought up to date");
    assert.ok(!readFileSync(join(place.folder, "argv"), "utf8").includes(token));
    assert.ok(!`${good.output}${bad.output}`.includes(token));
  });
}

test("release: each template builds a commit and pins it in the deployment repository, with credentials in files alone", async (t) => {
  const password = "the-token-for-the-deployment-repository";
  for (const forge of ["github", "gitea", "gitlab"] as const) {
    const place = await makePlace(t);
    const { url, push, git } = await startRemote(t, place, { credentials: { username: "plumbline", password } });
    const env = {
      ...runner(place),
      REGISTRY: `oci:${place.folder}/images`,
      REGISTRY_USER: "robot",
      REGISTRY_PASSWORD: "the-password-of-the-registry",
      DEPLOYMENT: url,
      DEPLOYMENT_TOKEN: password,
    };
    execFileSync("plumb", ["init", join(place.folder, "work")], { env, stdio: "pipe" });
    const manifests = join(place.folder, "work", "deployment");
    for (const name of execFileSync("find", [".", "-type", "f"], { cwd: manifests, encoding: "utf8" })
      .trim()
      .split("\n"))
      push({ [name]: readFileSync(join(manifests, name), "utf8") });
    const application = join(place.folder, "work", "application");
    for (const args of [
      ["init", "--quiet", "--initial-branch=main"],
      ["add", "--all"],
      ["commit", "--quiet", "--message", "Begin"],
    ])
      runGit(application, ...args);
    const { code, output } = await runJob(forge, "release", application, env);
    assert.equal(code, 0, output);
    assert.match(git("show", "main:staging/probe/backend.yaml"), /@sha256:[0-9a-f]{64}/);
    const argv = readFileSync(join(place.folder, "argv"), "utf8");
    for (const secret of [password, env.REGISTRY_PASSWORD]) assert.ok(!`${argv}${output}`.includes(secret));
    assert.equal(execFileSync("find", [env.RUNNER_TEMP, env.TMPDIR, "-name", "askpass"], { encoding: "utf8" }), "");
  }
});
