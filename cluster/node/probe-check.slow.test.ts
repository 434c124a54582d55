import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import { type AddressInfo, createServer as createTcpServer, type Server } from "node:net";
import { test, type TestContext } from "node:test";
import type { Probe } from "kubernetes-types/core/v1.js";
import { checkProbe, type ProbeTarget } from "./probe-check.ts";

async function portOf(t: TestContext, server: Pick<Server, "listen" | "once" | "address" | "close">): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server as Server, "listening");
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** What a probe finds at a port: "passed", or what the kubelet would say. */
async function found(port: number, probe: Probe): Promise<string> {
  const target: ProbeTarget = {
    container: { name: "c", ports: [{ name: "main", containerPort: port }] },
    podIP: "127.0.0.1",
    dial: (host, port) => ({ host, port }),
    exec: () => Promise.reject(new Error("unused")),
  };
  const outcome = await checkProbe(probe, target);
  return outcome.passed ? "passed" : outcome.output.replaceAll(String(port), "PORT");
}

test("HTTP probes pass on 200 to 399 and say in Go's words what else they find", async (t) => {
  const server = createServer((incoming, outgoing) => {
    if (incoming.url === "/hang") return;
    if (incoming.url === "/cut") {
      incoming.socket.destroy();
      return;
    }
    const code = Number(incoming.url?.slice(1));
    outgoing.writeHead(incoming.headers["x-code"] ? Number(incoming.headers["x-code"]) : code).end();
  });
  const port = await portOf(t, server);
  const http = (path: string, more = {}) =>
    found(port, { httpGet: { path, port: "main", ...more }, timeoutSeconds: 1 });
  assert.equal(await http("/200"), "passed");
  assert.equal(await http("302"), "passed");
  assert.equal(await http("/404"), "HTTP probe failed with statuscode: 404");
  assert.equal(
    await http("/200", { httpHeaders: [{ name: "X-Code", value: "500" }] }),
    "HTTP probe failed with statuscode: 500",
  );
  const late =
    'Get "http://127.0.0.1:PORT/hang": context deadline exceeded (Client.Timeout exceeded while awaiting headers)';
  assert.equal(await http("/hang"), late);
  assert.equal(await http("/cut"), 'Get "http://127.0.0.1:PORT/cut": EOF');
  server.closeAllConnections();
  const closed = await portOf(t, createTcpServer());
  assert.match(await found(closed, { httpGet: { port: "other" } }), /^strconv\.Atoi: parsing "other": invalid syntax$/);
});

test("TCP probes pass where something listens", async (t) => {
  const server = createTcpServer((socket) => socket.destroy());
  const port = await portOf(t, server);
  assert.equal(await found(port, { tcpSocket: { port } }), "passed");
  await new Promise((resolve) => server.close(resolve));
  const refused = "dial tcp 127.0.0.1:PORT: connect: connection refused";
  assert.equal(await found(port, { tcpSocket: { port } }), refused);
  assert.equal(await found(port, { httpGet: { port } }), `Get "http://127.0.0.1:PORT/": ${refused}`);
});

test("gRPC probes ask the health service", async (t) => {
  const server = createHttp2Server();
  server.on("stream", (stream, headers) => {
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => {
      const sick = Buffer.concat(chunks).subarray(7).toString() === "sick";
      assert.equal(headers[":path"], "/grpc.health.v1.Health/Check");
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.end(Buffer.from([0, 0, 0, 0, 2, 8, sick ? 2 : 1]));
    });
  });
  const port = await portOf(t, server);
  assert.equal(await found(port, { grpc: { port } }), "passed");
  assert.match(await found(port, { grpc: { port, service: "sick" } }), /^service unhealthy/);
  const closed = createTcpServer();
  const free = await portOf(t, closed);
  await new Promise((resolve) => closed.close(resolve));
  assert.match(
    await found(free, { grpc: { port: free } }),
    /^timeout: failed to connect service "127\.0\.0\.1:PORT" within 1s: context deadline exceeded$/,
  );
});
