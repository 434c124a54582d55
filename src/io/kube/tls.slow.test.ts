import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer as createProxy } from "node:http";
import { createServer } from "node:https";
import { connect as dial } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import type { TLSSocket } from "node:tls";
import { newIdentity, writeKubeconfig } from "../../../cluster/api/https/identity.ts";
import { systemClock } from "../clock/clock.ts";
import type { KubeAccess } from "./access.ts";
import { HttpsKube } from "./https-kube.ts";
import { kubeconfigAccess } from "./kubeconfig.ts";

/** A TLS server that answers whether it knows the client's certificate; on the port, or any that is free. */
async function serve(t: TestContext, port = 0) {
  const identity = await newIdentity(Date.now());
  const { certificate: cert, key } = identity.server;
  const connections = { count: 0 };
  const server = createServer({ cert, key, ca: identity.caCertificate, requestCert: true, rejectUnauthorized: false });
  server.on("secureConnection", () => (connections.count += 1));
  server.on("request", (request, response) => response.end(String((request.socket as TLSSocket).authorized)));
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const stop = (): void => {
    server.closeAllConnections();
    server.close();
  };
  t.after(stop);
  return { identity, connections, port: (server.address() as AddressInfo).port, stop };
}

/** Such a server, and the access of a kubeconfig to it. */
async function start(t: TestContext) {
  const { identity, connections, port, stop } = await serve(t);
  const folder = await mkdtemp(join(tmpdir(), "plumbline-tls-"));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, "kubeconfig");
  await writeKubeconfig(identity, `https://127.0.0.1:${port}`, path);
  const access = await kubeconfigAccess({ path, clock: systemClock });
  assert.ok(access.ok);
  function connect(changes: Partial<KubeAccess> = {}): HttpsKube {
    assert.ok(access.ok);
    const options = { clock: systemClock, random: () => 0, attempts: 1 };
    const kube = new HttpsKube({ ...options, access: { ...access.value, ...changes } });
    t.after(() => kube.close());
    return kube;
  }
  return { connect, connections, path, port, stop };
}

for (const where of ["the same port", "another port"]) {
  test(`a cluster that was made anew on ${where} is reached once its kubeconfig is written`, async (t) => {
    const { connect, path, port, stop } = await start(t);
    const kube = connect();
    assert.equal((await kube.raw("/version")).body, "true");
    stop();
    const anew = await serve(t, where === "the same port" ? port : 0);
    assert.equal((await kube.raw("/version")).status, 0);
    assert.equal((await kube.raw("/version")).status, 0, "what the kubeconfig does not say is not believed");
    await writeKubeconfig(anew.identity, `https://127.0.0.1:${anew.port}`, path);
    assert.equal((await kube.raw("/version")).body, "true");
  });
}

test("a kubeconfig's client certificate is shown, over one kept connection", async (t) => {
  const { connect, connections } = await start(t);
  const kube = connect();
  for (let round = 0; round < 5; round += 1) assert.equal((await kube.raw("/version")).body, "true");
  assert.equal(connections.count, 1);
});

test("the server's name is checked as the kubeconfig says", async (t) => {
  const { connect } = await start(t);
  assert.equal((await connect({ tlsServerName: "kubernetes" }).raw("/version")).body, "true");
  const other = await connect({ tlsServerName: "elsewhere.example" }).raw("/version");
  assert.equal(other.status, 0);
  assert.match(other.body, /altnames/i);
});

test("a server of another authority is not talked to, unless the kubeconfig says so", async (t) => {
  const { connect } = await start(t);
  const { caCertificate: authority } = await newIdentity(Date.now());
  const refused = await connect({ authority }).raw("/version");
  assert.equal(refused.status, 0);
  assert.match(refused.body, /cannot be reached/);
  assert.equal((await connect({ authority, insecure: true }).raw("/version")).status, 200);
});

test("through a proxy the server is still who is talked to, by its own certificate", async (t) => {
  const { connect } = await start(t);
  const asked: string[] = [];
  const proxy = createProxy();
  proxy.on("connect", (request, socket: Socket) => {
    asked.push(request.url ?? "");
    const [host, port] = (request.url ?? "").split(":");
    const onward = dial(Number(port), host, () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      onward.pipe(socket).pipe(onward);
    });
    for (const end of [socket, onward]) end.on("error", () => undefined);
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  const url = new URL(`http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
  const kube = connect({ proxy: url });
  assert.equal((await kube.raw("/version")).body, "true");
  assert.equal((await kube.raw("/version")).body, "true");
  assert.equal(asked.length, 1, "over one kept connection");
  const { caCertificate: authority } = await newIdentity(Date.now());
  assert.equal((await connect({ proxy: url, authority }).raw("/version")).status, 0);
});
