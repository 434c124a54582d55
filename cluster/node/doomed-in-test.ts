import { isReady, startTestCluster } from "./cluster-in-test.ts";

/** For tests: a cluster in a process of its own that runs a pod of two processes, says where, and waits to be killed. */
const cluster = await startTestCluster({ after: () => undefined });
await cluster.run("doomed", {
  command: ["sh", "-c", 'PORT=8081 node main.js & trap "" TERM HUP; PORT=8080 node main.js; true'],
  readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
  startupProbe: { tcpSocket: { port: 8081 }, periodSeconds: 1 },
});
const ready = await cluster.when("doomed", isReady);
const ports = [8080, 8081].map((port) => cluster.node.dial(ready.status?.podIP ?? "", port));
console.log(JSON.stringify({ folder: cluster.folder, ports }));
