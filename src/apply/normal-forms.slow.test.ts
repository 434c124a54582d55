import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startCluster } from "../../cluster/index.ts";
import { openKubeconfig } from "../io/kube/kube-contract-in-test.ts";
import { normalForms } from "./normal-forms-in-test.ts";

normalForms("the embedded cluster", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "plumbline-forms-"));
  const cluster = await startCluster({ folder });
  const kube = await openKubeconfig(t, cluster.kubeconfigPath);
  t.after(async () => {
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
  });
  return kube;
});
