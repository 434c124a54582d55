import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { connect } from "node:net";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

/** Starts a cluster in a process of its own; answers its process and connections to both processes of its pod. */
async function startDoomed(): Promise<{ child: ChildProcess; folder: string; ends: Promise<unknown>[] }> {
  const script = fileURLToPath(new URL("./doomed-in-test.js", import.meta.url));
  const child = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const { folder, ports } = JSON.parse(line.toString()) as { folder: string; ports: { host: string; port: number }[] };
  const sockets = ports.map((address) => connect(address));
  await Promise.all(sockets.map((socket) => once(socket, "connect")));
  const ends = sockets.map((socket) => new Promise((resolve) => socket.on("error", resolve).once("close", resolve)));
  return { child, folder, ends };
}

test(
  "When the cluster is killed with kill -9, every process of every container dies with it",
  { timeout: 30_000 },
  async (t) => {
    const { child, folder, ends } = await startDoomed();
    t.after(() => rm(folder, { recursive: true, force: true }));
    assert.equal(child.exitCode, null);
    const closed = once(child, "close");
    child.kill("SIGKILL");
    // The connections break only when the processes that hold them are gone, whatever they ignore.
    await Promise.all(ends);
    await closed;
  },
);
