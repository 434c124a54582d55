import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Cluster, startCluster } from "../index.ts";
import { writeLayout } from "../node/layout-in-test.ts";

const installed = await new Promise<boolean>((resolve) => {
  execFile("kubectl", ["version", "--client"], (error) => resolve(error === null));
});

/** For `test`: false, or why tests of kubectl cannot run on this machine. */
export const skip = installed ? false : "kubectl is not installed here";

/** How one run of kubectl ended. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

/** kubectl in one namespace. */
export interface Kubectl {
  /** Runs it to its end, whatever that is. */
  (...args: readonly string[]): Promise<Ran>;
  /** Its output; a run that fails or says anything beside it fails the test. */
  ok(...args: readonly string[]): Promise<string>;
  /** Writes a file for it, beside the cluster's; answers its path. */
  file(name: string, text: string): Promise<string>;
  /** Starts it, and gives its output as soon as that contains `text`. */
  until(text: string, ...args: readonly string[]): Promise<string>;
}

/** For tests: a cluster with images that kubectl knows. */
export interface KubectlCluster {
  readonly cluster: Cluster;
  /** kubectl in a new namespace of that name. */
  in(namespace: string): Promise<Kubectl>;
  stop(): Promise<void>;
}

const web = (version: string) => `
const server = require("node:http").createServer((_, response) => response.end("${version}"));
server.listen(8080, () => console.log("${version} listens"));
process.on("SIGTERM", () => process.exit(0));
`;

/** Starts a cluster with the images example.test/web:v1, web:v2 (a server on 8080) and sh:1 (a shell). */
export async function startKubectlCluster(): Promise<KubectlCluster> {
  const folder = await mkdtemp(join(tmpdir(), "kubectl-test-"));
  const config = { Entrypoint: ["node", "main.js"], WorkingDir: "/app" };
  await writeLayout(join(folder, "images"), [
    ...["v1", "v2"].map((version) => ({
      ref: `example.test/web:${version}`,
      layers: [[{ name: "app/main.js", text: web(version) }]],
      config,
    })),
    { ref: "example.test/sh:1", layers: [[{ name: "etc/motd", text: "hello" }]], config: { Cmd: ["/bin/sh"] } },
  ]);
  const cluster = await startCluster({ folder: join(folder, "cluster"), images: join(folder, "images") });
  const started = new Set<ChildProcess>();
  return {
    cluster,
    async in(namespace) {
      const kubectl = kubectlIn(namespace, cluster, folder, started);
      await kubectl.ok("create", "namespace", namespace);
      return kubectl;
    },
    async stop() {
      for (const child of started) child.kill();
      await cluster.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function kubectlIn(namespace: string, cluster: Cluster, folder: string, started: Set<ChildProcess>): Kubectl {
  const env = {
    PATH: process.env["PATH"],
    HOME: folder,
    KUBECONFIG: cluster.kubeconfigPath,
    EDITOR: `${folder}/editor`,
  };
  const run = (...args: readonly string[]): Promise<Ran> =>
    new Promise((resolve) => {
      execFile("kubectl", ["-n", namespace, ...args], { env, timeout: 30_000 }, (error, out, said) => {
        const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
        resolve({ code, out, error: said });
      });
    });
  return Object.assign(run, {
    async ok(...args: readonly string[]) {
      const { code, out, error } = await run(...args);
      assert.deepEqual({ code, error }, { code: 0, error: "" }, `kubectl ${args.join(" ")}: ${error}${out}`);
      return out;
    },
    async file(name: string, text: string) {
      const path = join(folder, name);
      await writeFile(path, text, { mode: 0o700 });
      return path;
    },
    until: (text: string, ...args: readonly string[]) =>
      new Promise<string>((resolve, reject) => {
        const child = spawn("kubectl", ["-n", namespace, ...args], { env });
        started.add(child);
        let out = "";
        child.stdout.on("data", (chunk: Buffer) => {
          out += chunk.toString();
          if (!out.includes(text)) return;
          resolve(out);
          child.kill();
        });
        child.once("close", () => reject(new Error(`it ended before it said "${text}": ${out}`)));
      }),
  });
}
