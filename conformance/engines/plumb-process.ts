import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Api } from "../api.ts";
import type { EngineAdapter, RunningEngine, Task } from "../engine.ts";
import { until } from "../until.ts";
import { saidOnLog } from "./delivery-log.ts";

/** Plumbline's command line. */
export const plumb = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));

/** `plumb engine` as processes of this machine, outside of the cluster. */
export const plumbProcess: EngineAdapter = {
  name: "plumb engine, as a process",
  doesNotClaim: new Map(),
  start,
};

async function start(task: Task): Promise<RunningEngine> {
  const { repository, kubeconfig, replicas, id } = task;
  const namespace = `engine-${id}`;
  const processes = Array.from({ length: replicas }, (_, index) => startOne(task, namespace, index));
  const api = new Api(kubeconfig);
  const statusUrl = await until("the engine says where its page is", 30_000, () => statusUrlIn(logFile(task, 0)));
  return {
    ask: async (method, path) => (await fetch(new URL(path, statusUrl), { method })).status,
    says: (application) => saidOnLog(repository, application),
    async killLeader() {
      const leases = { apiVersion: "coordination.k8s.io/v1", plural: "leases", namespace };
      const lease = await api.get(leases, "plumbline-engine");
      const pid = Number(/_(\d+)$/.exec(lease?.spec.holderIdentity)?.[1]);
      const leader = processes.find((one) => one.child.pid === pid);
      if (!leader) throw new Error(`no engine here holds the Lease (${lease?.spec.holderIdentity})`);
      leader.child.kill("SIGKILL");
      await leader.ended;
    },
    async stop() {
      for (const { child } of processes) child.kill("SIGTERM");
      await Promise.all(processes.map(({ ended }) => ended));
      await api.delete({ apiVersion: "v1", plural: "namespaces" }, namespace);
      api.close();
    },
  };
}

function startOne(
  task: Task,
  namespace: string,
  index: number,
): { readonly child: ChildProcess; readonly ended: Promise<void> } {
  const { repository, kubeconfig, folder } = task;
  const log = openSync(logFile(task, index), "a");
  const args = [
    "engine",
    `--repository=${repository.folder}`,
    `--kubeconfig=${kubeconfig}`,
    `--mirror=${join(folder, `mirror-${index}.git`)}`,
    `--namespace=${namespace}`,
    "--poll=1",
  ];
  const child = spawn(process.execPath, [plumb, ...args], { stdio: ["ignore", log, log] });
  return { child, ended: new Promise((resolve) => child.once("exit", () => resolve())) };
}

function logFile({ folder }: Task, index: number): string {
  return join(folder, `engine-${index}.log`);
}

async function statusUrlIn(file: string): Promise<string | undefined> {
  return /"statusUrl":"([^"]+)"/.exec(await readFile(file, "utf8"))?.[1];
}
