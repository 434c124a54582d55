import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { Agent, get } from "node:http";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { atLeast, atMost } from "./measure.ts";
import type { Figure } from "./measure.ts";
import { inLanes } from "./server.ts";

const script = fileURLToPath(new URL("page-process.js", import.meta.url));
const watching = 1000;
const requests = 20_000;
/** A change for so many requests: at a thousand requests a second, four changes a second. */
const requestsForAChange = 250;

interface Usage {
  readonly cpuMs: number;
  readonly rssBytes: number;
  readonly lateMs: number;
}

/** What the page's server bears while two hundred applications change and a thousand watch: times are CPU of its process. */
export async function pageBounds(): Promise<readonly Figure[]> {
  const child = fork(script, []);
  const { port } = (await heard(child)) as { readonly port: number };
  const alone = await usage(child);
  let events = 0;
  const viewers = await Promise.all(Array.from({ length: watching }, () => watch(port, () => (events += 1))));
  const before = await usage(child);
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  await inLanes(requests, async (index) => {
    if (index % requestsForAChange === 0) child.send("change");
    await ask(port, agent);
  });
  const after = await usage(child);
  const lost = viewers.filter(({ destroyed }) => destroyed).length;
  for (const viewer of viewers) viewer.destroy();
  agent.destroy();
  child.disconnect();
  const cpuSeconds = (after.cpuMs - before.cpuMs) / 1000;
  const changes = requests / requestsForAChange;
  return [
    atLeast(1000, {
      name: "requests of the page while 1,000 watch",
      value: requests / cpuSeconds,
      unit: "a second of CPU",
      reference: `200 applications, ${changes} changes told ${events} times in all; 99 of 100 turns of its loop less than ${after.lateMs.toFixed(0)} ms late by the clock`,
    }),
    atMost(0, { name: "viewers lost", value: lost, unit: "viewers", reference: "count" }),
    atMost(128, {
      name: "memory of a viewer",
      value: (before.rssBytes - alone.rssBytes) / watching / 1024,
      unit: "KiB",
      reference: "resident set of the server with 1,000 of them, each just told 1.2 MB",
    }),
  ];
}

async function usage(child: ChildProcess): Promise<Usage> {
  child.send("usage");
  return (await heard(child)) as Usage;
}

async function heard(child: ChildProcess): Promise<unknown> {
  const [message] = (await once(child, "message")) as [unknown];
  return message;
}

/** A viewer as the page is one; settles when it has been told the whole document. */
async function watch(port: number, onNews: () => void): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  socket.write("GET /status/events?news HTTP/1.1\r\nhost: localhost\r\n\r\n");
  let told = (): void => undefined;
  const whole = new Promise<void>((resolve) => (told = resolve));
  // Of the whole document only its end is looked for: a thousand of them are more than a gigabyte.
  socket.on("data", (chunk: Buffer) => {
    if (chunk.includes("event: news")) onNews();
    else if (chunk.includes("\n\n", chunk.length - 16)) told();
  });
  await whole;
  return socket;
}

function ask(port: number, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    get({ host: "127.0.0.1", port, path: "/healthz", agent }, (answer) => {
      answer.resume().once("end", resolve);
    }).once("error", reject);
  });
}
