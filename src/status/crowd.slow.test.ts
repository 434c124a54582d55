import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent, get } from "node:http";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import type { TestContext } from "node:test";
import type { Clock } from "../io/clock/clock.ts";
import { systemClock } from "../io/clock/clock.ts";
import type { StatusDocument } from "../model/status-document.ts";
import { exampleDocument } from "./example-documents-in-test.ts";
import { serveStatus } from "./server.ts";

/** A server whose document tells of one commit after the other. */
async function start(t: TestContext, { clock = systemClock, padding = "" }: { clock?: Clock; padding?: string } = {}) {
  const example = exampleDocument("many", Date.now());
  let commit = "c0";
  const current = (): StatusDocument => ({
    ...example,
    repository: { ...example.repository, commit, trouble: padding },
  });
  const server = await serveStatus({
    host: "127.0.0.1",
    port: 0,
    clock,
    assets: new Map([["index.html", Buffer.from("<h1>page</h1>")]]),
    current,
    metrics: () => "",
    ready: () => true,
  });
  t.after(() => server.stop());
  const show = (next: string): void => {
    commit = next;
    server.changed();
  };
  return { ...server, show };
}

/** A connection that has asked for the event stream: how many documents it got, and the commit in the newest. */
interface Viewer {
  readonly socket: Socket;
  documents: number;
  commit: string;
}

async function view(
  t: TestContext,
  port: number,
  onEvent: (viewer: Viewer) => void = () => undefined,
  query = "",
): Promise<Viewer> {
  const socket = connect(port, "127.0.0.1");
  const viewer: Viewer = { socket, documents: 0, commit: "" };
  t.after(() => socket.destroy());
  socket.on("error", () => undefined);
  let rest = "";
  socket.setEncoding("latin1").on("data", (more: string) => {
    const ends = (rest.slice(-1) + more).includes("\n\n");
    rest += more;
    if (!ends) return;
    const events = rest.split("\n\n");
    rest = events.pop() ?? "";
    for (const event of events.filter((each) => each.includes("event: status"))) {
      viewer.documents += 1;
      viewer.commit = /"commit":"(c\d+)"/.exec(event)?.[1] ?? "";
      onEvent(viewer);
    }
  });
  await once(socket, "connect");
  socket.write(`GET /status/events${query} HTTP/1.1\r\nhost: localhost\r\n\r\n`);
  return viewer;
}

function half(t: TestContext, port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  t.after(() => socket.destroy());
  socket.on("error", () => undefined);
  socket.write("GET / HTTP/1.1\r\nhost: loc");
  return once(socket, "connect").then(() => socket);
}

function ask(port: number, agent: Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    get({ host: "127.0.0.1", port, path: "/status.json", agent }, (got) => {
      text(got).then((body) => {
        JSON.parse(body);
        resolve(got.statusCode ?? 0);
      }, reject);
    }).once("error", reject);
  });
}

test("a thousand watch and thousands of requests are answered while changes go on, and stopping takes under a second", async (t) => {
  const server = await start(t);
  let atTheEnd = 0;
  let all = (): void => undefined;
  const everyone = new Promise<void>((resolve) => (all = resolve));
  const viewers = await Promise.all(
    Array.from({ length: 1000 }, () =>
      view(t, server.port, ({ commit }) => {
        if (commit === "c40" && ++atTheEnd === 1000) all();
      }),
    ),
  );
  const agent = new Agent({ keepAlive: true, maxSockets: 20 });
  t.after(() => agent.destroy());
  let asked = 0;
  const lanes = Array.from({ length: 20 }, async () => {
    for (; asked < 2000;) {
      asked += 1;
      if (asked % 50 === 0) server.show(`c${asked / 50}`);
      assert.equal(await ask(server.port, agent), 200);
    }
  });
  await Promise.all(lanes);
  await everyone;
  assert.equal(viewers.filter(({ socket }) => socket.destroyed).length, 0, "nobody was let go");
  const ends = viewers.map(async ({ socket }) => socket.closed || once(socket, "close"));
  const began = performance.now();
  await server.stop();
  await Promise.all(ends);
  assert.ok(performance.now() - began < 1000, "it has stopped within a second");
});

test("who opens more connections than there may be, and says half a request on each, keeps nobody out", async (t) => {
  const server = await start(t);
  const watching = await view(t, server.port);
  await once(watching.socket, "data");
  const halves = await Promise.all(Array.from({ length: 2600 }, () => half(t, server.port)));
  assert.equal(await ask(server.port, new Agent()), 200);
  assert.ok(halves.filter(({ destroyed }) => destroyed).length >= 100, "the oldest of them had to go");
  server.show("c1");
  while (watching.commit !== "c1") await once(watching.socket, "data");
});

test("who reads slowly gets the newest document and none in between, and is let go when it takes nothing at all", async (t) => {
  const clock = handTurned();
  const server = await start(t, { clock, padding: "x".repeat(8_000_000) });
  const slow = await view(t, server.port);
  while (slow.documents === 0) await once(slow.socket, "data");
  slow.socket.pause();
  for (let index = 1; index <= 50; index += 1) {
    server.show(`c${index}`);
    clock.turn(100);
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  slow.socket.resume();
  while (slow.commit !== "c50") await once(slow.socket, "data");
  assert.ok(slow.documents <= 4, `${slow.documents} documents of 51`);

  slow.socket.pause();
  server.show("c51");
  clock.turn(100);
  server.show("c52");
  for (let beat = 0; beat < 5; beat += 1) clock.turn(10_000);
  const closed = once(slow.socket, "close");
  slow.socket.resume();
  await closed;
  assert.notEqual(slow.commit, "c52", "it was let go before it was told");
});

test("who asks for news is told the document once, and then what has changed", async (t) => {
  const server = await start(t, { padding: "x".repeat(1000) });
  const viewer = await view(t, server.port, undefined, "?news");
  while (viewer.documents === 0) await once(viewer.socket, "data");
  server.show("c1");
  const [news] = (await once(viewer.socket, "data")) as [string];
  assert.match(news, /event: news\ndata: {"schema":1.*"commit":"c1".*"ids":\["staging\/probe".*"applications":\[\]}/);
});

test("who watches is told now and then that somebody is there", async (t) => {
  const clock = handTurned();
  const server = await start(t, { clock });
  const viewer = await view(t, server.port);
  while (viewer.documents === 0) await once(viewer.socket, "data");
  clock.turn(10_000);
  const [sign] = (await once(viewer.socket, "data")) as [string];
  assert.match(sign, /event: alive\ndata: 2026-01-01T00:00:1/);
  clock.turn(10_000);
  await once(viewer.socket, "data");
});

/** A clock that the test turns. */
function handTurned(): Clock & { turn(ms: number): void } {
  let now = Date.parse("2026-01-01T00:00:00.000Z");
  const due = new Map<() => void, number>();
  return {
    now: () => now,
    at(atMs, then) {
      const once = (): void => then();
      due.set(once, atMs);
      return () => due.delete(once);
    },
    turn(ms) {
      now += ms;
      for (const [then, atMs] of due) {
        if (atMs <= now && due.delete(then)) then();
      }
    },
  };
}
