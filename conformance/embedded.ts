import { spawn } from "node:child_process";
import { existsSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { Api } from "./api.ts";
import type { ClusterUnderTest } from "./cluster.ts";
import { plumb } from "./engines/plumb-process.ts";
import { until } from "./until.ts";

/** Starts `plumb cluster` on a folder of images that may still be empty. */
export async function startEmbedded(folder: string, layout: string): Promise<ClusterUnderTest> {
  for (const path of [folder, layout]) mkdirSync(path, { recursive: true });
  const log = openSync(join(folder, "cluster.log"), "a");
  const args = ["cluster", `--folder=${join(folder, "cluster")}`, `--images=oci:${layout}`];
  const child = spawn(process.execPath, [plumb, ...args], { stdio: ["ignore", log, log] });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const kubeconfig = join(folder, "cluster", "kubeconfig");
  await until("the embedded cluster is ready", 30_000, async () => {
    if (!existsSync(kubeconfig)) return false;
    const api = new Api(kubeconfig);
    return api
      .request("GET", "/readyz")
      .then(({ status }) => status === 200)
      .finally(() => api.close());
  });
  return {
    name: "embedded",
    kubeconfig,
    publish: () => Promise.resolve(),
    async stop() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}
