import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Progress } from "./cache.ts";
import { down } from "./down.ts";
import { kubeconfigOf } from "./instance.ts";
import { up } from "./up.ts";

/**
 * Runs every `*.real.test.ts` against the cluster of KUBECONFIG or, without one, against an instance that is brought up for
 * them and taken down afterwards, however they end. Resolves with the exit code.
 */
export async function runTests(progress: Progress): Promise<number> {
  if (process.env["KUBECONFIG"]) return runReal({});
  const ending = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => ending.abort());
  const instance = await up(join(tmpdir(), `plumbline-kubernetes-${randomUUID()}`), progress);
  try {
    const { folder, network } = instance;
    return await runReal(
      {
        KUBECONFIG: kubeconfigOf(folder),
        PLUMBLINE_KUBERNETES: folder,
        PLUMBLINE_KUBERNETES_HOST: network.hostAddress,
      },
      ending.signal,
    );
  } finally {
    await down(instance);
  }
}

function runReal(env: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<number> {
  const runner = fileURLToPath(new URL("../test.js", import.meta.url));
  // A process group of its own: what is asked to end is the runner and everything that it has started.
  const child = spawn(process.execPath, [runner, "real"], {
    stdio: "inherit",
    env: { ...process.env, ...env },
    detached: true,
  });
  signal?.addEventListener("abort", () => child.pid !== undefined && process.kill(-child.pid));
  return new Promise((resolve, reject) => {
    child.on("close", (code) => resolve(code ?? 1));
    child.on("error", reject);
  });
}
