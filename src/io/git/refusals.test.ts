import assert from "node:assert/strict";
import { test } from "node:test";
import type { Finished } from "../process/process.ts";
import { lockInTheWay, mirrorIsBroken, mirrorProblem, pushVerdict, remoteProblem } from "./refusals.ts";
import { parseRemote } from "./remote.ts";

function ended(stderr: string, more: Partial<Finished> = {}): Finished {
  return {
    code: 128,
    signal: null,
    missing: false,
    timedOut: false,
    overflowed: false,
    stdout: Buffer.alloc(0),
    stderr,
    ...more,
  };
}

const remote = parseRemote("https://u:secret@forge.example/x.git");

test("what git says is told apart", () => {
  const cases: [string, string][] = [
    [
      "remote: Repository not found.\nfatal: repository 'https://forge.example/x.git/' not found",
      "repository-not-found",
    ],
    ["fatal: Authentication failed for 'https://forge.example/x.git/'", "repository-access-denied"],
    [
      "git@forge.example: Permission denied (publickey).\nfatal: Could not read from remote repository.",
      "repository-access-denied",
    ],
    [
      "fatal: could not read Username for 'https://forge.example': terminal prompts disabled",
      "repository-access-denied",
    ],
    [
      "fatal: unable to access 'https://forge.example/x.git/': The requested URL returned error: 403",
      "repository-access-denied",
    ],
    ["fatal: '/x' does not appear to be a git repository", "repository-not-git"],
    [
      "fatal: unable to access 'https://forge.example/x.git/': Could not resolve host: forge.example",
      "repository-unreachable",
    ],
    ["ssh: connect to host forge.example port 22: Connection refused", "repository-unreachable"],
    ["", "repository-unreachable"],
  ];
  for (const [stderr, code] of cases) {
    const problem = remoteProblem(ended(stderr), remote);
    assert.equal(problem.code, code, stderr);
    assert.ok(problem.remedy);
  }
  assert.equal(remoteProblem(ended("", { missing: true }), remote).code, "git-missing");
  assert.match(remoteProblem(ended("", { timedOut: true }), remote).message, /no answer in time/);
  assert.doesNotMatch(
    JSON.stringify(remoteProblem(ended("fatal: https://u:secret@forge.example refused secret"), remote)),
    /secret/,
  );
});

test("only the mirror's own trouble counts as the mirror's", () => {
  assert.equal(
    mirrorIsBroken(ended("error: object file objects/aa/bb is empty\nfatal: loose object is corrupt")),
    true,
  );
  assert.equal(
    mirrorIsBroken(ended("remote: fatal: loose object is corrupt\nfatal: the remote end hung up unexpectedly")),
    false,
  );
  assert.equal(lockInTheWay(ended("fatal: Unable to create '/m/packed-refs.lock': File exists.")), true);
  assert.equal(lockInTheWay(ended("fatal: the remote end hung up unexpectedly")), false);
});

test("a disk that is full or read-only here is no remote that cannot be reached", () => {
  const here = (stderr: string) => mirrorProblem(ended(stderr), "/m", remote);
  const full = here("fatal: write error: No space left on device\nfatal: fetch-pack: invalid index-pack output");
  assert.equal(full?.code, "mirror-not-writable");
  assert.match(full.message, /^The mirror of \S+ in \/m cannot be written: No space left on device\.$/);
  assert.equal(here("error: cannot lock ref 'a': Unable to create 'a.lock': Read-only file system")?.code, full.code);
  assert.equal(here("remote: fatal: write error: No space left on device\nfatal: early EOF"), undefined);
});

test("a push's verdict is found among what else is said", () => {
  const stdout = "To /r.git\n!\tabc:refs/heads/main\t[remote rejected] (pre-receive hook declined)\nDone\n";
  assert.deepEqual(pushVerdict(stdout), { flag: "!", reason: "[remote rejected] (pre-receive hook declined)" });
  assert.equal(pushVerdict("To /r.git\n"), undefined);
});
