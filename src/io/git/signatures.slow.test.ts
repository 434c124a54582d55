import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { commitFiles } from "./git-contract-in-test.ts";
import { openMirror } from "./mirror.ts";
import { newSigner } from "./signer-in-test.ts";
import { runGit, temporaryRepository } from "./temporary-repository-in-test.ts";

/** A repository with three commits by three mirrors: alice signs, mallory signs, nobody signs. */
async function signedRepository(t: TestContext) {
  const { root, remote, open } = temporaryRepository(t);
  const [alice, mallory] = [newSigner(root, "alice"), newSigner(root, "mallory")];
  const commitAs = async (name: string, key: string | undefined, parent: string | undefined): Promise<string> => {
    const git = await openMirror({
      url: remote,
      folder: join(root, name),
      ...(key === undefined ? {} : { signingKey: key }),
    });
    await git.fetch();
    const commit = await commitFiles(git, parent, { file: name });
    assert.deepEqual(await git.push(commit, "main", parent), { kind: "pushed" });
    git.close();
    return commit;
  };
  const byAlice = await commitAs("by-alice", alice.key, undefined);
  const byMallory = await commitAs("by-mallory", mallory.key, byAlice);
  const byNobody = await commitAs("by-nobody", undefined, byMallory);
  const git = await open();
  assert.ok((await git.fetch()).ok);
  const signers = join(root, "allowed_signers");
  writeFileSync(signers, `# who may\nalice@example.com namespaces="git" ${alice.publicKey}\n`);
  return { root, remote, git, signers, alice, mallory, byAlice, byMallory, byNobody };
}

test("a signature by SSH counts when its key is one of an allowed signer, and the refusal says who may sign", async (t) => {
  const { git, signers, byAlice, byMallory, byNobody } = await signedRepository(t);
  assert.deepEqual(await git.signer(byAlice, { signers }), { ok: true, value: "alice@example.com" });
  const cases: [string, RegExp][] = [
    [byMallory, /its key is not one of an allowed signer/],
    [byNobody, /it has no signature/],
  ];
  for (const [commit, why] of cases) {
    const refused = await git.signer(commit, { signers });
    assert.ok(!refused.ok, String(why));
    assert.match(refused.problems[0]?.message ?? "", why);
    assert.match(refused.problems[0]?.remedy ?? "", /alice@example\.com/);
  }
  const nobody = await git.signer(byAlice, {});
  assert.ok(!nobody.ok);
  assert.match(nobody.problems[0]?.remedy ?? "", /--allowed-signers/);
});

test("a signature does not count on another commit, after its key's end, or for another purpose", async (t) => {
  const { root, remote, git, signers, alice, byAlice } = await signedRepository(t);
  const signed = runGit(remote, "cat-file", "commit", byAlice);
  writeFileSync(join(root, "forged"), `${signed.replace("Change files", "Change more")}\n`);
  const forged = runGit(remote, "hash-object", "-t", "commit", "-w", join(root, "forged"));
  runGit(remote, "update-ref", "refs/heads/forged", forged);
  assert.ok((await git.fetch()).ok);
  const refused = await git.signer(forged, { signers });
  assert.ok(!refused.ok);
  assert.match(refused.problems[0]?.message ?? "", /does not fit it/);

  // The commit is of November 2023.
  for (const option of ['valid-before="20200101"', 'valid-after="20250101"', 'namespaces="file"']) {
    writeFileSync(signers, `alice@example.com ${option} ${alice.publicKey}\n`);
    assert.equal((await git.signer(byAlice, { signers })).ok, false, option);
  }
  writeFileSync(signers, `alice@example.com ${alice.publicKey}\n`);
  assert.equal((await git.signer(byAlice, { signers })).ok, true, "the file is read anew each time");
});

test("the same commit signed with the same key has the same id (behaviour B2)", async (t) => {
  const { root, remote, alice, byAlice } = await signedRepository(t);
  const again = await openMirror({ url: remote, folder: join(root, "again"), signingKey: alice.key });
  t.after(() => again.close());
  assert.equal(await commitFiles(again, undefined, { file: "by-alice" }), byAlice);
});

test("a signature by GPG counts when its key is an allowed one", async (t) => {
  const { root, remote, git, byAlice } = await signedRepository(t);
  const gpg = (home: string, ...args: readonly string[]): Buffer =>
    execFileSync("gpg", ["--batch", "--quiet", "--homedir", home, "--pinentry-mode", "loopback", ...args], {
      stdio: ["ignore", "pipe", "ignore"],
    });
  try {
    execFileSync("gpg", ["--version"], { stdio: "ignore" });
  } catch {
    t.skip("gpg is not on this machine");
    return;
  }
  const commitBy = (name: string): { readonly commit: string; readonly keys: string } => {
    const home = join(root, `gpg-${name}`);
    execFileSync("mkdir", ["-m", "700", home]);
    t.after(() => execFileSync("gpgconf", ["--homedir", home, "--kill", "all"]));
    gpg(home, "--passphrase", "", "--quick-generate-key", `${name} <${name}@example.com>`, "ed25519", "sign");
    const keys = join(root, `${name}.gpg`);
    writeFileSync(keys, gpg(home, "--export"));
    const tree = runGit(remote, "rev-parse", `${byAlice}^{tree}`);
    const who = {
      GIT_AUTHOR_NAME: name,
      GIT_AUTHOR_EMAIL: "x@y",
      GIT_COMMITTER_NAME: name,
      GIT_COMMITTER_EMAIL: "x@y",
    };
    const commit = execFileSync("git", ["commit-tree", `-S${name}@example.com`, "-m", "Signed", tree], {
      cwd: remote,
      env: { PATH: process.env["PATH"], GNUPGHOME: home, GIT_CONFIG_GLOBAL: "/dev/null", ...who },
      encoding: "utf8",
    }).trim();
    runGit(remote, "update-ref", `refs/heads/${name}`, commit);
    return { commit, keys };
  };
  const [bob, eve] = [commitBy("bob"), commitBy("eve")];
  assert.ok((await git.fetch()).ok);
  assert.deepEqual(await git.signer(bob.commit, { keys: bob.keys }), {
    ok: true,
    value: "bob <bob@example.com>",
  });
  const refused = await git.signer(eve.commit, { keys: bob.keys });
  assert.ok(!refused.ok);
  assert.match(refused.problems[0]?.message ?? "", /not one of the allowed keys/);
  assert.equal((await git.signer(bob.commit, {})).ok, false, "no key of an earlier check is left");
  await assert.rejects(git.signer(bob.commit, { keys: join(root, "none.gpg") }), /could not be read/);
});
