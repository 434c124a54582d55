import { readFile, rm } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { newIdentity, writeKubeconfig } from "../cluster/api/https/identity.ts";
import { startCluster } from "../cluster/index.ts";

/**
 * A server in a process of its own, so that what it uses is its own: `cluster`, or `bare`, an HTTPS server that parses each body
 * and answers with it, as the least that any API server does. It tells its kubeconfig when it is ready, and what it has
 * used so far when it is asked. The cluster's images are those of an OCI layout folder, where one is named.
 */
const [what, folder = "", images] = process.argv.slice(2);
const kubeconfigPath =
  what === "bare" ? await bare() : (await startCluster({ folder, ...(images ? { images } : {}) })).kubeconfigPath;

process.on("message", (asked) => {
  if (asked === "collected") globalThis.gc?.();
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed } = process.memoryUsage();
  process.send?.({ cpuMs: (user + system) / 1000, rssBytes: rss, heapBytes: heapUsed });
});
process.on("disconnect", () => {
  void rm(folder, { recursive: true, force: true }).then(() => process.exit());
});
process.send?.({ kubeconfig: await readFile(kubeconfigPath, "utf8") });

async function bare(): Promise<string> {
  const identity = await newIdentity(Date.now());
  const { certificate: cert, key } = identity.server;
  const server = createServer({ cert, key }, (request, response) => {
    void json(request).then((body) => response.setHeader("content-type", "application/json").end(JSON.stringify(body)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const path = `${folder}.kubeconfig`;
  await writeKubeconfig(identity, `https://127.0.0.1:${(server.address() as AddressInfo).port}`, path);
  return path;
}
