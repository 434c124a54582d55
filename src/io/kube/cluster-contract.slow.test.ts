import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startCluster } from "../../../cluster/index.ts";
import { kubeContract, openKubeconfig } from "./kube-contract-in-test.ts";

kubeContract("the embedded cluster", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "plumbline-contract-"));
  const cluster = await startCluster({ folder });
  const kube = await openKubeconfig(t, cluster.kubeconfigPath);
  t.after(async () => {
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
  });
  return kube;
});
