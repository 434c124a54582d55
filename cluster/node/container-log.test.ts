import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { finished } from "node:stream/promises";
import { test, type TestContext } from "node:test";
import type { LogOptions } from "../api/hooks.ts";
import { TurnedClock } from "../turned-clock.ts";
import { ContainerLog } from "./container-log.ts";

const everything: LogOptions = {
  container: "c",
  follow: false,
  previous: false,
  timestamps: false,
  signal: new AbortController().signal,
};

async function start(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), "log-test-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const clock = new TurnedClock(Date.UTC(2026, 0, 1));
  const log = new ContainerLog(join(folder, "0.log"), clock);
  const stream = new PassThrough();
  log.take(stream, "stdout");
  const read = async (wanted: Partial<LogOptions> = {}) => {
    let text = "";
    for await (const bytes of log.read({ ...everything, ...wanted })) text += bytes.toString();
    return text;
  };
  return { folder, clock, log, stream, read };
}

test("A log is told whole, by its end, by its time and by its length, with times or without", async (t) => {
  const { clock, log, stream, read } = await start(t);
  stream.write("one\ntw");
  stream.write("o\nno new");
  await clock.advance(5000);
  stream.write("line\nlast");
  await clock.advance(0);
  assert.equal(await read(), "one\ntwo\nno newline\n", "a line that is not over is not told yet");
  assert.equal(await read({ tailLines: 1 }), "no newline\n");
  assert.equal(await read({ tailLines: 0 }), "");
  assert.equal(await read({ limitBytes: 6 }), "one\ntw");
  assert.equal(await read({ sinceSeconds: 4 }), "no newline\n");
  assert.equal(await read({ sinceTime: "2026-01-01T00:00:05Z" }), "no newline\n");
  assert.equal(await read({ timestamps: true, limitBytes: 34 }), "2026-01-01T00:00:00.000000000Z one");
  stream.end();
  await finished(stream, { writable: false });
  log.close();
  assert.equal(await read({ tailLines: 1 }), "last", "what ended without a line's end has none");
});

test("Who follows hears what comes, until the log is closed", async (t) => {
  const { clock, log, stream, read } = await start(t);
  stream.write("one\ntwo\n");
  await clock.advance(0);
  const following = read({ follow: true, tailLines: 1 });
  await clock.advance(0);
  stream.write("three\n");
  await clock.advance(0);
  log.close();
  assert.equal(await following, "two\nthree\n");
});

test("A line longer than is kept in memory goes on in the next record, and is told as one", async (t) => {
  const { clock, stream, read } = await start(t);
  const line = "x".repeat(40_000);
  stream.write(`${line}\nshort\n`);
  await clock.advance(0);
  assert.equal(await read(), `${line}\nshort\n`);
  assert.equal((await read({ timestamps: true })).split("2026-").length, 3, "each line has one time");
  assert.equal(await read({ tailLines: 2 }), `${"x".repeat(40_000 - 2 * 16_384)}\nshort\n`);
});

test("A log takes two files of 10 MiB at the most, and who follows it loses nothing when they change", async (t) => {
  const { folder, clock, stream, log, read } = await start(t);
  const line = `${"x".repeat(99)}\n`;
  let followed = 0;
  const following = (async () => {
    for await (const bytes of log.read({ ...everything, follow: true })) followed += bytes.length;
  })();
  const [chunk, chunks] = [line.repeat(10_000), 24];
  for (let turn = 0; turn < chunks; turn += 1) {
    stream.write(chunk);
    await clock.advance(0);
  }
  const files = (await readdir(folder)).toSorted();
  assert.deepEqual(files, ["0.log", "0.log.aside"]);
  for (const file of files) assert.ok((await stat(join(folder, file))).size < 12 * 2 ** 20, file);
  assert.ok((await read()).length < 24 * 2 ** 20);
  assert.equal(await read({ tailLines: 1 }), line);
  log.close();
  await following;
  assert.equal(followed, chunks * chunk.length);
  await log.remove();
  assert.deepEqual(await readdir(folder), []);
});
