import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { startCluster } from "./index.ts";
import { writeLayout } from "./node/layout-in-test.ts";
import { isTerminal, type Pod, pods } from "./node/pod.ts";

/** Says what the API server that its variables name answers to a stranger. */
const program = `
const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT_HTTPS: port } = process.env;
require("node:https").get({ host, port, path: "/api", rejectUnauthorized: false }, ({ statusCode }) => {
  require("node:fs").writeFileSync("dev/termination-log", String(statusCode));
  process.exit(0);
});
`;

test("A pod finds the API server by its variables, through the Service kubernetes", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "cluster-test-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const images = join(folder, "images");
  await writeLayout(images, [
    { ref: "example.test/ask:1", layers: [], config: { Entrypoint: ["node", "-e", program] } },
  ]);
  const cluster = await startCluster({ folder: join(folder, "cluster"), images });
  t.after(() => cluster.stop());
  const { client } = cluster;
  const ended = new Promise<Pod>((resolve) => {
    t.after(client.watch<Pod>(pods, ({ object }) => isTerminal(object) && resolve(object)));
  });
  await client.create<Pod>(pods, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "ask", namespace: "default" },
    spec: { containers: [{ name: "c", image: "example.test/ask:1" }], restartPolicy: "Never" },
  });
  const { status } = await ended;
  assert.equal(status?.containerStatuses?.[0]?.state?.terminated?.message, "401");
});
