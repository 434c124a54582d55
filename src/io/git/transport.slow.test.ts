import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { Server } from "node:http";
import { connect } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { newIdentity } from "../../../cluster/api/https/identity.ts";
import { startGitServer } from "../../../conformance/git-server.ts";
import { startFaultyFront } from "./faulty-front-in-test.ts";
import type { FrontFault } from "./faulty-front-in-test.ts";
import { commitFiles } from "./git-contract-in-test.ts";
import { openMirror } from "./mirror.ts";
import { newSigner } from "./signer-in-test.ts";
import { startSshd } from "./sshd-in-test.ts";
import { makeBareRepository, runGit } from "./temporary-repository-in-test.ts";

const token = "t0ken-planted-9f31";
const hidden = [token, Buffer.from(`bot:${token}`).toString("base64")];

/** A folder with a repository that has one commit, and a folder of credentials. */
function prepare(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "plumb-transport-"));
  const [repositories, secret] = [join(folder, "repositories"), join(folder, "secret")];
  for (const path of [repositories, secret]) mkdirSync(path);
  const remote = join(repositories, "deployment.git");
  makeBareRepository(remote);
  const tree = runGit(remote, "hash-object", "-t", "tree", "-w", "/dev/null");
  const head = runGit(remote, "commit-tree", tree, "-m", "Begin");
  runGit(remote, "update-ref", "refs/heads/main", head);
  writeFileSync(join(secret, "username"), "bot");
  writeFileSync(join(secret, "password"), token);
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return { folder, repositories, secret, remote, head };
}

async function listening(t: TestContext, server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

/** Everything that processes of this machine show of themselves and that holds one of the texts: "pid file: command". */
function shown(file: "cmdline" | "environ", texts: readonly string[]): readonly string[] {
  return readdirSync("/proc")
    .filter((pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid)
    .flatMap((pid) => {
      try {
        const text = readFileSync(`/proc/${pid}/${file}`, "utf8");
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
        return texts.some((one) => text.includes(one)) ? [command] : [];
      } catch {
        return [];
      }
    });
}

test("a planted token is in no argument, in the environment of those who need it, in no file, error or log (behaviour G4)", async (t) => {
  if (process.platform !== "linux") return t.skip("there is no /proc");
  for (const from of ["folder", "URL"] as const) {
    const { folder, repositories, secret, head } = prepare(t);
    const server = await startGitServer({ folder: repositories, credentials: { username: "bot", password: token } });
    let next: FrontFault | undefined;
    let reached = (): void => {};
    const front = await startFaultyFront(server.url, () => {
      if (next) reached();
      return next;
    });
    t.after(async () => {
      await front.stop();
      await server.stop();
    });
    const url = from === "URL" ? front.url.replace("http://", `http://bot:${token}@`) : front.url;
    const git = await openMirror({
      url: `${url}/deployment.git`,
      folder: join(folder, "mirror.git"),
      ...(from === "URL" ? {} : { credentials: secret }),
    });
    t.after(() => git.close());
    assert.ok((await git.fetch()).ok);
    await git.commit(head);
    next = "stall";
    const isReached = new Promise<void>((resolve) => (reached = resolve));
    const abort = new AbortController();
    const slow = git.fetch(abort.signal);
    await isReached;
    assert.deepEqual(shown("cmdline", hidden), [], from);
    const holders = shown("environ", hidden);
    assert.ok(holders.length > 0, "the fetch itself has it, so this looks at the right place");
    for (const command of holders) assert.match(command, / fetch |remote-http/, from);
    abort.abort();
    const aborted = await slow;
    next = "500";
    const failed = await git.fetch();
    const pushed = await git.push(await commitFiles(git, head, { a: "1" }), "main", head);
    writeFileSync(join(secret, "password"), `${token}-wrong`);
    next = undefined;
    const denied = await git.fetch();
    const said = JSON.stringify([aborted, failed, pushed, denied, git.url]);
    for (const text of hidden) assert.ok(!said.includes(text), said);
    const files = readdirSync(join(folder, "mirror.git"), { recursive: true, withFileTypes: true });
    for (const file of files.filter((one) => one.isFile())) {
      const content = readFileSync(join(file.parentPath, file.name), "latin1");
      for (const text of hidden) assert.ok(!content.includes(text), file.name);
    }
  }
});

test("credentials do not follow a redirection to another place", async (t) => {
  const { folder, secret } = prepare(t);
  const seen: (string | undefined)[] = [];
  const elsewhere = createServer((request, response) => {
    seen.push(request.headers.authorization);
    response.writeHead(404).end();
  });
  const away = await listening(t, elsewhere);
  const server = createServer((request, response) => {
    response.writeHead(301, { location: `http://127.0.0.1:${away}${request.url}` }).end();
  });
  const url = `http://127.0.0.1:${await listening(t, server)}/deployment.git`;
  const git = await openMirror({ url, folder: join(folder, "mirror.git"), credentials: secret });
  t.after(() => git.close());
  const fetched = await git.fetch();
  assert.deepEqual(seen, []);
  assert.equal(!fetched.ok && fetched.problem.code, "repository-moved");
});

test("through a proxy with a password, to a server of an authority of its own", async (t) => {
  const { folder, repositories, secret, head } = prepare(t);
  const identity = await newIdentity(Date.now());
  const server = await startGitServer({
    folder: repositories,
    credentials: { username: "bot", password: token },
    tls: { cert: identity.server.certificate, key: identity.server.key },
  });
  t.after(() => server.stop());
  const tunnels: string[] = [];
  const proxy = createServer((_, response) => response.writeHead(400).end());
  proxy.on("connect", (request, socket) => {
    const { "proxy-authorization": authorization } = request.headers;
    if (authorization !== `Basic ${Buffer.from("me:pr0xy-planted").toString("base64")}`) {
      socket.end(
        'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="p"\r\nConnection: close\r\nContent-Length: 0\r\n\r\n',
      );
      return;
    }
    tunnels.push(request.url ?? "");
    const { port } = new URL(`http://${request.url}`);
    const through = connect(Number(port), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connected\r\n\r\n");
      through.pipe(socket).pipe(through);
    });
    for (const end of [through, socket]) end.on("error", () => undefined);
  });
  const port = await listening(t, proxy);
  const open = (name: string, password: string) =>
    openMirror({
      url: `${server.url}/deployment.git`,
      folder: join(folder, name),
      credentials: secret,
      environment: { PATH: process.env["PATH"], https_proxy: `http://me:${password}@127.0.0.1:${port}` },
    });
  const git = await open("mirror.git", "pr0xy-planted");
  t.after(() => git.close());
  const stranger = await git.fetch();
  assert.ok(!stranger.ok, "without its authority the server is not believed");
  assert.match(stranger.problem.message, /certificate/i);
  writeFileSync(join(secret, "ca.crt"), identity.caCertificate);
  const fetched = await git.fetch();
  assert.ok(fetched.ok, JSON.stringify(fetched));
  assert.equal(fetched.branches.get("main"), head);
  assert.ok(tunnels.length > 0 && tunnels.every((to) => server.url.endsWith(to)));
  const other = await open("other.git", "wrong-planted");
  t.after(() => other.close());
  const denied = await other.fetch();
  assert.ok(!denied.ok);
  assert.doesNotMatch(JSON.stringify([stranger, denied]), /planted/);
});

test("by SSH with a deploy key, and only to a host that is known", async (t) => {
  const { folder, secret, remote, head } = prepare(t);
  const [deploy, foreign] = [newSigner(folder, "deploy"), newSigner(folder, "foreign")];
  const sshd = await startSshd(folder, deploy.publicKey);
  if (typeof sshd === "string") return t.skip(sshd);
  t.after(() => sshd.stop());
  const url = `ssh://${userInfo().username}@127.0.0.1:${sshd.port}${remote}`;
  const git = await openMirror({ url, folder: join(folder, "mirror.git"), credentials: secret });
  t.after(() => git.close());
  const codeOf = async (): Promise<string | undefined> => {
    const fetched = await git.fetch();
    return fetched.ok ? undefined : fetched.problem.code;
  };
  assert.equal(await codeOf(), "git-credentials-missing");
  copyFileSync(foreign.key, join(secret, "identity"));
  assert.equal(await codeOf(), "git-credentials-missing");
  writeFileSync(join(secret, "known_hosts"), `${sshd.knownHost.split(" ")[0]} ${foreign.publicKey}\n`);
  assert.equal(await codeOf(), "repository-host-unknown");
  writeFileSync(join(secret, "known_hosts"), `${sshd.knownHost}\n`);
  assert.equal(await codeOf(), "repository-access-denied");
  copyFileSync(deploy.key, join(secret, "identity"));
  const fetched = await git.fetch();
  assert.ok(fetched.ok, `${JSON.stringify(fetched)} ${sshd.said()}`);
  assert.equal(fetched.branches.get("main"), head);
  const commit = await commitFiles(git, head, { a: "1" });
  assert.deepEqual(await git.push(commit, "main", head), { kind: "pushed" });
  assert.equal(runGit(remote, "rev-parse", "main"), commit);
});
