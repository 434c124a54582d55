import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { logBranch } from "../history/delivery-log.ts";
import type { StatusDocument } from "../model/status-document.ts";
import { makePlace, plumb, startPlumb } from "./plumb-in-test.ts";
import type { Place } from "./plumb-in-test.ts";
import { makeBareRepository, WorkingCopy } from "./working-copy.ts";

const commands = "demo up down drill status explain plan verify init release engine cluster completion".split(" ");
// oxlint-disable-next-line no-control-regex -- control characters are what must not be there
const control = /[\u0000-\u0009\u000b-\u001f\u007f]/;

test("every command explains itself", async (t) => {
  const place = await makePlace(t);
  const { out, code } = await plumb(t, place, "--help");
  assert.equal(code, 0);
  assert.match(out, /Exit codes: 0 done, 1 .*, 2 wrong usage, 130 interrupted/);
  for (const command of commands) {
    assert.match(out, new RegExp(`^ {2}${command} `, "m"));
    const help = await plumb(t, place, command, "--help");
    assert.equal(help.code, 0);
    assert.match(help.out, new RegExp(`^Usage: plumb ${command} `));
    assert.doesNotMatch(help.out, control);
  }
});

test("wrong usage ends with 2 and names what is wrong", async (t) => {
  const place = await makePlace(t);
  const cases: readonly (readonly [string[], RegExp])[] = [
    [["fly"], /unknown command 'fly'/],
    [["status", "--wings"], /unknown option '--wings'/],
    [["engine"], /required option '--repository <url>' not specified/],
    [["up", "--status-port", "eighty"], /'--status-port <port>' argument 'eighty' is invalid. A port is/],
    [["cluster", "--port=70000"], /'--port <port>' argument '70000' is invalid/],
    [["engine", "--repository=x", "--poll", "soon"], /'--poll <duration>' argument 'soon' is invalid. A duration is/],
    [
      ["engine", "--repository=x", "--branch=--upload-pack=x"],
      /'--branch <name>' argument '--upload-pack=x' is invalid/,
    ],
    [["verify", "--branch", "a..b"], /'--branch <name>' argument 'a\.\.b' is invalid/],
    [["drill", "--timeout=0s"], /'--timeout <duration>'/],
    [["drill", "--status-url=nowhere"], /'--status-url <url>'/],
    [["completion", "tcsh"], /argument value 'tcsh' is invalid for argument 'shell'. Choose one of bash, zsh, fish/],
  ];
  for (const [args, message] of cases) {
    const { code, err, out } = await plumb(t, place, ...args);
    assert.equal(code, 2, err);
    assert.match(err, message);
    assert.equal(out, "");
  }
});

test("init writes two repositories to start from, says what comes next, and never over anything", async (t) => {
  const place = await makePlace(t);
  const { code, out } = await plumb(t, place, "init", "shop");
  assert.equal(code, 0);
  assert.match(out, /cd shop\n/);
  assert.doesNotMatch(out, control);
  assert.deepEqual((await readdir(join(place.folder, "shop", "application"))).toSorted(), [
    ".gitignore",
    "backend",
    "frontend",
    "release.yaml",
  ]);
  const again = await plumb(t, place, "init", "shop");
  assert.equal(again.code, 1);
  assert.match(again.err, /is not empty; nothing was written/);
  // The commands it prints, up to the release, are run as they stand.
  const steps = out.split("\n").map((line) => line.trim());
  const shell = steps.filter((line) => /^(cd |git |\(cd )/.test(line)).join("\n");
  const git = { GIT_AUTHOR_NAME: "a", GIT_AUTHOR_EMAIL: "a@b", GIT_COMMITTER_NAME: "a", GIT_COMMITTER_EMAIL: "a@b" };
  execFileSync("sh", ["-e", "-c", shell], { cwd: place.folder, env: { ...place.env, ...git }, stdio: "pipe" });
  const remote = new WorkingCopy(join(place.folder, "shop", "deployment.git"), place.env);
  assert.match(await remote.git("ls-tree", "--name-only", "main"), /^delivery\.yaml\nstaging$/);
});

test("a release of something that is no repository, or has no release.yaml, says so", async (t) => {
  const place = await makePlace(t);
  const none = await plumb(t, place, "release", "--json");
  assert.equal(none.code, 1);
  assert.equal(none.out, "");
  assert.match(none.err, /error: .* cannot be read as a Git repository.*\(Run release in/);
  const copy = await repositoryWith(place, { "a.txt": "a" });
  const bare = await plumb(t, place, "release", `--source=${copy.folder}`);
  assert.equal(bare.code, 1);
  assert.match(bare.err, /release\.yaml: .* has no release\.yaml at its root.*plumb init/);
});

test("status reads the delivery log; without one it says what to do", async (t) => {
  const place = await makePlace(t);
  const copy = await repositoryWith(place, { "delivery.yaml": "environments: {}\n" });
  const without = await plumb(t, place, "status", `--repository=${copy.folder}`);
  assert.equal(without.code, 2);
  assert.match(without.err, /has no delivery log.*--repository/);
  await copy.git("checkout", "--quiet", "--orphan", logBranch);
  const document: StatusDocument = {
    schema: 1,
    generatedAt: "2026-01-01T00:00:00Z",
    engine: { version: "1", startedAt: "2026-01-01T00:00:00Z" },
    repository: { url: "u", branch: "main", reachable: true },
    applications: [],
  };
  await writeFile(join(copy.folder, "status.json"), JSON.stringify(document));
  await copy.git("add", "--all");
  await copy.git("commit", "--quiet", "--message=log");
  await copy.git("push", "--quiet", "origin", logBranch);
  const text = await plumb(t, place, "status", `--repository=${copy.folder}`);
  assert.equal(text.code, 0, text.err);
  assert.match(text.out, /no application yet/);
  assert.doesNotMatch(text.out, control);
  const json = await plumb(t, place, "status", `--repository=${copy.folder}`, "--json");
  assert.deepEqual(JSON.parse(json.out), document);
  // A colour only where someone asks for it: this is no terminal.
  const coloured = await plumb(
    t,
    { ...place, env: { ...place.env, FORCE_COLOR: "1" } },
    "status",
    `--repository=${copy.folder}`,
  );
  assert.ok(coloured.out.includes("\u001b[1m"));
  const plain = await plumb(
    t,
    { ...place, env: { ...place.env, NO_COLOR: "1" } },
    "status",
    `--repository=${copy.folder}`,
  );
  assert.doesNotMatch(plain.out, control);
});

test("a port in use is named, with the option that changes it", async (t) => {
  const place = await makePlace(t);
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const taken = new RegExp(`port ${port} of 127\\.0\\.0\\.1 is in use \\(choose another`);
  for (const args of [
    ["cluster", `--port=${port}`],
    ["cluster", `--ingress-port=${port}`],
    ["up", `--status-port=${port}`, "--ingress-port=0"],
    ["up", "--status-port=0", `--ingress-port=${port}`],
    ["up", "--status-port=0", "--ingress-port=0", `--port=${port}`],
  ]) {
    const { code, err } = await plumb(t, place, ...args);
    assert.equal(code, 1, args.join(" "));
    assert.match(err, taken, args.join(" "));
  }
  assert.deepEqual(await readdir(place.temporary), []);
});

/** Below /proc nothing can be made, and Node's own recursive mkdir tries for ever. */
function nowhere(place: Place): readonly [Place, string[], RegExp][] {
  const commands = [
    ["up", "--folder=/proc/x/y"],
    ["init", "/proc/x/y"],
    ["cluster", "--folder=/proc/x/y"],
  ];
  return commands.map((command) => [place, command, /error: \/proc\/x cannot be made: .* \/proc \(choose a place/]);
}

test("a folder that cannot be made, a missing kubeconfig, a missing repository and a missing git are named", async (t) => {
  const place = await makePlace(t);
  await writeFile(join(place.folder, "file"), "");
  await mkdir(join(place.folder, "empty"));
  const noGit = { ...place, env: { ...place.env, PATH: join(place.folder, "empty") } };
  const ended = { ...place, folder: join(place.folder, "ended") };
  await mkdir(join(ended.folder, ".plumb", "git", "deployment.git"), { recursive: true });
  const cases: readonly (readonly [Place, string[], RegExp])[] = [
    [
      place,
      ["up", "--folder=file/x"],
      /error: .*file\/x: not a directory \(ENOTDIR\) \(a file is where a folder must be/,
    ],
    ...(process.platform === "linux" ? nowhere(place) : []),
    [place, ["cluster", "--folder=file/x"], /error: .*not a directory/],
    [place, ["init", "file/x"], /error: .*not a directory/],
    [
      place,
      ["engine", "--repository=nowhere", "--kubeconfig=none"],
      /error: none: The kubeconfig cannot be read \(ENOENT\)/,
    ],
    [place, ["status", "--repository=nowhere"], /error: There is no repository at .*nowhere/],
    [place, ["drill", "crash-loop"], /error: no `plumb up` runs in .*--repository/],
    [place, ["drill", "flood"], /error: there is no drill "flood" \(choose one of crash-loop/],
    [place, ["drill", "crash-loop", "--repository=nowhere"], /error: .*nowhere.*does not exist/],
    [place, ["verify"], /error: no `plumb up` has been in .*--repository/],
    [ended, ["verify"], /error: no `plumb up` runs in .*ended.*\(start it, or name a cluster with --kubeconfig\)/],
    [place, ["status"], /error: no `plumb up` has been in .*--repository/],
    [noGit, ["status", "--repository=."], /error: .*git.*install git/i],
    [noGit, ["up", "--status-port=0", "--ingress-port=0"], /error: git is not on the PATH \(install git\)/],
  ];
  for (const [where, args, message] of cases) {
    const { code, err } = await plumb(t, where, ...args);
    // Of status, 1 says that something is not healthy.
    assert.equal(code, args[0] === "status" ? 2 : 1, `${args.join(" ")}\n${err}`);
    assert.match(err, message);
    assert.doesNotMatch(err, /defect/);
  }
  assert.deepEqual(await readdir(place.temporary), []);
});

test("completion scripts hold every command, and bash takes its own", async (t) => {
  const place = await makePlace(t);
  for (const shell of ["bash", "zsh", "fish"]) {
    const { code, out } = await plumb(t, place, "completion", shell);
    assert.equal(code, 0);
    for (const command of commands) assert.ok(out.includes(command), `${shell} ${command}`);
    if (shell !== "bash") continue;
    const complete = (line: string): string =>
      execFileSync(
        "bash",
        ["-c", `${out}\nCOMP_WORDS=(${line}); COMP_CWORD=$((\${#COMP_WORDS[@]}-1)); _plumb; echo "\${COMPREPLY[@]}"`],
        {
          encoding: "utf8",
        },
      ).trim();
    assert.equal(complete("plumb de"), "demo");
    assert.equal(complete("plumb drill cra"), "crash-loop");
    assert.equal(complete("plumb up --sta"), "--status-port");
  }
});

test("cluster ends with 130 at Ctrl-C and with 0 when it is told to", async (t) => {
  const place = await makePlace(t);
  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 0],
  ] as const) {
    const cluster = startPlumb(t, place, ["cluster"]);
    await cluster.printed("Ctrl-C ends it");
    cluster.child.kill(signal);
    assert.equal((await cluster.ended).code, code);
  }
});

/** A repository with these files and a bare remote of its own. */
async function repositoryWith(place: Place, files: { readonly [path: string]: string }): Promise<WorkingCopy> {
  const remote = join(place.folder, "remote.git");
  await makeBareRepository(remote, place.env);
  const copy = new WorkingCopy(join(place.folder, "copy"), place.env);
  await mkdir(copy.folder);
  for (const [path, text] of Object.entries(files)) await writeFile(join(copy.folder, path), text);
  await copy.begin(remote, "Begin");
  return copy;
}
