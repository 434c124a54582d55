import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request as ask } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { startGitServer } from "../../../conformance/git-server.ts";
import { seeded } from "../clock/seeded-in-test.ts";
import { openMirror } from "./mirror.ts";
import { makeBareRepository, runGit } from "./temporary-repository-in-test.ts";

const seeds = 25;
/** Enough that git keeps a pack of it, and index-pack is at work while the rest is on its way. */
const filesOfAFetch = 150;

/** A front before a Git server that tells of each piece of an answer before it passes it on. */
async function startFront(t: TestContext, behind: string, onPiece: (bytes: number) => void): Promise<string> {
  const server = createServer((request, response) => {
    const onward = ask(`${behind}${request.url}`, { method: request.method, headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.on("data", (piece: Buffer) => {
        onPiece(piece.length);
        response.write(piece);
      });
      answer.on("end", () => response.end());
      answer.on("error", () => response.destroy());
    });
    for (const end of [onward, response]) end.on("error", () => request.socket.destroy());
    request.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test(`a fetch that is killed after any number of bytes, at ${seeds} seeds, leaves nothing that the next one trips over`, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "plumb-killed-fetch-"));
  const [repositories, work, mirror] = ["repositories", "work", "mirror.git"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  mkdirSync(repositories);
  const remote = join(repositories, "deployment.git");
  makeBareRepository(remote);
  runGit(folder, "init", "--quiet", "--initial-branch=main", work);
  const server = await startGitServer({ folder: repositories });
  let onPiece: (bytes: number) => void = () => undefined;
  const url = await startFront(t, server.url, (bytes) => onPiece(bytes));
  t.after(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  const random = seeded(5);
  const commit = (seed: number): string => {
    for (let file = 0; file < filesOfAFetch; file += 1) {
      // Nothing that compresses, so that bytes on the way are many.
      const text = Array.from({ length: 60 }, () => random().toString(36)).join("\n");
      writeFileSync(join(work, `file-${file}`), `${seed}\n${text}\n`);
    }
    runGit(work, "add", "--all");
    runGit(work, "commit", "--quiet", "--message", `Change ${seed}`);
    runGit(work, "push", "--quiet", remote, "HEAD:main");
    return runGit(work, "rev-parse", "HEAD");
  };
  commit(0);
  const open = () => openMirror({ url: `${url}/deployment.git`, folder: mirror });
  let whole = 0;
  onPiece = (bytes) => (whole += bytes);
  const first = await open();
  assert.ok((await first.fetch()).ok);
  first.close();

  const halfPacks = (): readonly string[] =>
    readdirSync(join(mirror, "objects/pack")).filter((name) => name.startsWith("tmp_"));
  let killed = 0;
  for (let seed = 1; seed <= seeds; seed += 1) {
    const head = commit(seed);
    let left = Math.floor(random() * whole);
    const kill = new AbortController();
    onPiece = (bytes) => {
      left -= bytes;
      if (left < 0) kill.abort();
    };
    const cut = await open();
    const fetched = await cut.fetch(kill.signal);
    cut.close();
    if (!fetched.ok) killed += 1;
    assert.deepEqual(halfPacks(), [], `seed ${seed}: half packs would fill the disk`);
    // What a killed engine leaves, whose git was killed with it.
    writeFileSync(join(mirror, "objects/pack/tmp_pack_left"), "PACK");
    writeFileSync(join(mirror, "packed-refs.lock"), "");
    onPiece = () => undefined;
    // As after a restart: another process opens what was left.
    const next = await open();
    assert.ok((await next.fetch()).ok, `seed ${seed}`);
    assert.equal(await next.branch("main"), head, `seed ${seed}`);
    next.close();
    assert.deepEqual(halfPacks(), [], `seed ${seed}`);
  }
  t.diagnostic(`${killed} of ${seeds} fetches were killed, of about ${whole} bytes`);
  assert.ok(killed >= seeds / 2, `${killed} were killed`);
  runGit(mirror, "fsck", "--connectivity-only");
});
