import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { newIdentity } from "../../../cluster/api/https/identity.ts";
import { startGitServer } from "../../../conformance/git-server.ts";
import { openMirror } from "./mirror.ts";
import { makeBareRepository, runGit } from "./temporary-repository-in-test.ts";

/** A Git server over HTTPS of its own authority, which lets one account in; and a folder for credentials. */
async function start(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "plumb-credentials-"));
  const [repositories, secret] = [join(folder, "repositories"), join(folder, "secret")];
  for (const path of [repositories, secret]) mkdirSync(path);
  const remote = join(repositories, "deployment.git");
  makeBareRepository(remote);
  const tree = runGit(remote, "hash-object", "-t", "tree", "-w", "/dev/null");
  runGit(remote, "update-ref", "refs/heads/main", runGit(remote, "commit-tree", tree, "-m", "Begin"));
  const identity = await newIdentity(Date.now());
  const server = await startGitServer({
    folder: repositories,
    credentials: { username: "bot", password: "s3cret-1" },
    tls: { cert: identity.server.certificate, key: identity.server.key },
  });
  t.after(async () => {
    await server.stop();
    rmSync(folder, { recursive: true });
  });
  writeFileSync(join(secret, "ca.crt"), identity.caCertificate);
  const url = `${server.url}/deployment.git`;
  const git = await openMirror({ url, folder: join(folder, "mirror.git"), credentials: secret });
  t.after(() => git.close());
  return { git, secret, remote };
}

test("a mounted Secret lets fetches and pushes in, and what replaces it counts at once", async (t) => {
  const { git, secret, remote } = await start(t);
  writeFileSync(join(secret, "username"), "bot\n");
  writeFileSync(join(secret, "password"), "wrong\n");
  const refused = await git.fetch();
  assert.ok(!refused.ok);
  assert.equal(refused.problem.code, "repository-access-denied");
  assert.doesNotMatch(JSON.stringify(refused), /wrong/);

  writeFileSync(join(secret, "password"), "s3cret-1\n");
  const fetched = await git.fetch();
  assert.ok(fetched.ok, JSON.stringify(fetched));
  const head = fetched.branches.get("main");
  assert.ok(head);
  const { tree } = await git.commit(head);
  const signature = { name: "a", email: "a@b", at: 1 };
  const commit = await git.writeCommit({ tree, parents: [head], message: "Next\n", signature });
  assert.deepEqual(await git.push(commit, "main", head), { kind: "pushed" });
  assert.equal(runGit(remote, "rev-parse", "main"), commit);
});

test("what the Secret lacks is named, with what to do", async (t) => {
  const { git } = await start(t);
  const refused = await git.fetch();
  assert.ok(!refused.ok);
  assert.match(refused.problem.message, /has no file password \(a token\) and username, or bearerToken/);
  assert.ok(refused.problem.remedy);
});
