import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { build } from "../../tools/kubernetes/build.ts";
import { startCluster } from "../index.ts";

test(
  "Kubernetes' own CronJob controller, unchanged, makes Jobs on the embedded cluster",
  { timeout: 180_000 },
  async (t) => {
    const { commands } = await build(() => undefined);
    const folder = mkdtempSync(join(tmpdir(), "plumb-foreign-"));
    const cluster = await startCluster({ folder: join(folder, "cluster") });
    const { client, kubeconfigPath } = cluster;
    const options = ["--controllers=cronjob-controller", "--leader-elect=false", "--secure-port=0"];
    const controller = spawn(
      join(commands, "kube-controller-manager"),
      [`--kubeconfig=${kubeconfigPath}`, ...options],
      {
        stdio: "ignore",
      },
    );
    const ended = new Promise((resolve) => controller.once("exit", resolve));
    t.after(async () => {
      controller.kill();
      await ended;
      await cluster.stop();
      rmSync(folder, { recursive: true });
    });
    await client.create(
      { group: "", resource: "namespaces" },
      { apiVersion: "v1", kind: "Namespace", metadata: { name: "cron" } },
    );
    const container = { name: "c", image: "example.test/nothing:1" };
    const template = { spec: { restartPolicy: "Never", containers: [container] } };
    const cronJob = {
      apiVersion: "batch/v1",
      kind: "CronJob",
      metadata: { name: "tick", namespace: "cron" },
      spec: { schedule: "* * * * *", jobTemplate: { spec: { template } } },
    };
    const made = new Promise<string>((resolve) => {
      const end = client.watch({ group: "batch", resource: "jobs" }, ({ object }) => {
        const [owner] = object.metadata.ownerReferences ?? [];
        if (owner?.kind !== "CronJob" || owner.name !== "tick") return;
        setImmediate(() => end());
        resolve(object.metadata.name ?? "");
      });
    });
    await client.create({ group: "batch", resource: "cronjobs" }, cronJob);
    assert.match(await made, /^tick-\d+$/);
  },
);
