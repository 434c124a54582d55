import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp } from "node:fs/promises";
import { Agent, request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

/** What a server's process has used since its start. */
export interface Usage {
  readonly cpuMs: number;
  readonly rssBytes: number;
  readonly heapBytes: number;
}

/** A server in a process of its own, and a client of it with 16 connections. */
export interface BenchServer {
  /** From the start of its process until it could be asked. */
  readonly startMs: number;
  /** The text of its kubeconfig. */
  readonly kubeconfig: string;
  /** What it has used; collecting its garbage, which is counted, comes before. */
  usage(how: "collected" | "as it is"): Promise<Usage>;
  /** Sends a request; answers the body, rejects when the code is no 2xx. */
  ask(method: string, path: string, body?: object, type?: string): Promise<string>;
  /** Hears the lines of a watch; settles when it is open. */
  watch(path: string, onLine: () => void): Promise<void>;
  stop(): Promise<void>;
}

const script = fileURLToPath(new URL("server-process.js", import.meta.url));

/** Starts the cluster, or the bare server that it is compared with. */
export async function startServer(what: "cluster" | "bare"): Promise<BenchServer> {
  const folder = join(await mkdtemp(join(tmpdir(), "plumb-bench-")), what);
  const startedAt = performance.now();
  const child = fork(script, [what, folder], { execArgv: ["--expose-gc"] });
  const { kubeconfig } = (await heard(child)) as { readonly kubeconfig: string };
  const startMs = performance.now() - startedAt;
  const { clusters, users } = JSON.parse(kubeconfig) as Kubeconfig;
  const { server = "", "certificate-authority-data": ca = "" } = clusters[0]?.cluster ?? {};
  const agent = new Agent({ keepAlive: true, maxSockets: 16, ca: Buffer.from(ca, "base64") });
  const headers = { authorization: `Bearer ${users[0]?.user["token"]}` };
  return {
    startMs,
    kubeconfig,
    async usage(how) {
      child.send(how);
      return (await heard(child)) as Usage;
    },
    ask: (method, path, body, type = "application/json") =>
      new Promise((resolve, reject) => {
        const sent = request(
          server + path,
          { method, agent, headers: { ...headers, "content-type": type } },
          (answer) => {
            text(answer).then((said) => {
              if (answer.statusCode === 200 || answer.statusCode === 201) resolve(said);
              else reject(new Error(`${method} ${path}: ${answer.statusCode} ${said}`));
            }, reject);
          },
        );
        sent.once("error", reject).end(body && JSON.stringify(body));
      }),
    watch: (path, onLine) =>
      new Promise((resolve, reject) => {
        const sent = request(
          server + path,
          { agent: new Agent({ ca: Buffer.from(ca, "base64") }), headers },
          (answer) => {
            answer
              .on("error", () => undefined)
              .on("data", (chunk: Buffer) => {
                for (const byte of chunk) if (byte === newline) onLine();
              });
            resolve();
          },
        );
        sent.once("error", reject).end();
      }),
    async stop() {
      agent.destroy();
      child.disconnect();
      await once(child, "exit");
    },
  };
}

const newline = 10;

interface Kubeconfig {
  readonly clusters: readonly { readonly cluster: Readonly<Record<string, string>> }[];
  readonly users: readonly { readonly user: Readonly<Record<string, string>> }[];
}

async function heard(child: ChildProcess): Promise<unknown> {
  const [message] = (await once(child, "message")) as [unknown];
  return message;
}

/** Does the steps in the order of their numbers, 16 at once. */
export async function inLanes(count: number, step: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      while (next < count) await step(next++);
    }),
  );
}
