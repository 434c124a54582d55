import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startServer } from "../server.ts";
import type { BenchServer } from "../server.ts";
import { startEngine } from "./engine-process.ts";
import type { BenchEngine } from "./engine-process.ts";
import { fleetNamespace } from "./fleet-files.ts";
import { benchRepository } from "./repository.ts";
import type { BenchRepository } from "./repository.ts";

/** A cluster, a repository and engines on both, all in one temporary folder. */
export interface Installation {
  readonly cluster: BenchServer;
  readonly repository: BenchRepository;
  /** Starts an engine; the one before must have been stopped, since they share the mirror. */
  readonly engine: () => Promise<BenchEngine>;
}

/** Does the work in an installation of its own, and removes it. */
export async function inInstallation<T>(work: (installation: Installation) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "plumb-bench-fleet-"));
  const cluster = await startServer("cluster");
  const engines: BenchEngine[] = [];
  try {
    const kubeconfig = join(folder, "kubeconfig");
    await writeFile(kubeconfig, cluster.kubeconfig, { mode: 0o600 });
    await cluster.ask("POST", "/api/v1/namespaces", {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: fleetNamespace },
    });
    const repository = await benchRepository(join(folder, "deployment.git"));
    return await work({
      cluster,
      repository,
      async engine() {
        await mkdir(join(folder, "engine"), { recursive: true });
        const options = { repository: repository.folder, kubeconfig, folder: join(folder, "engine") };
        const engine = await startEngine(options);
        engines.push(engine);
        return engine;
      },
    });
  } finally {
    for (const engine of engines) await engine.stop();
    await cluster.stop();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
