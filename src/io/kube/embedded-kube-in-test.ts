import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { startCluster } from "../../../cluster/index.ts";
import { openKubeconfig } from "./kube-contract-in-test.ts";
import type { Kube } from "./kube.ts";

/** For tests: a client of an embedded cluster of its own, which ends with the test. */
export async function embeddedKube(t: TestContext): Promise<Kube> {
  const folder = await mkdtemp(join(tmpdir(), "plumbline-kube-"));
  const cluster = await startCluster({ folder });
  const kube = await openKubeconfig(t, cluster.kubeconfigPath);
  t.after(async () => {
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
  });
  return kube;
}
