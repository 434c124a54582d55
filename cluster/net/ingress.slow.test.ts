import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, request, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { test, type TestContext } from "node:test";
import { createClient } from "../api/client.ts";
import { furnishNamespaces } from "../api/namespaces.ts";
import { ApiServer } from "../api/server.ts";
import { systemClock } from "../clock.ts";
import { takePodAddresses } from "../node/index.ts";
import { startNet } from "./index.ts";

const metadata = { name: "web", namespace: "default" };

/** An ingress in front of this server, as if it were a service's only pod; answers the ingress's port. */
async function front(t: TestContext, server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const addresses = await takePodAddresses();
  const api = new ApiServer(systemClock, addresses.prefix);
  furnishNamespaces(api, "PEM");
  const client = createClient(api, "test");
  await client.create(
    { group: "", resource: "services" },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata,
      spec: { selector: { app: "web" }, ports: [{ port: 80 }] },
    },
  );
  await client.create(
    { group: "discovery.k8s.io", resource: "endpointslices" },
    {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { ...metadata, labels: { "kubernetes.io/service-name": "web" } },
      addressType: "IPv4",
      ports: [{ name: "", port, protocol: "TCP" }],
      endpoints: [{ addresses: ["127.9.9.9"], conditions: { ready: true } }],
    },
  );
  await client.create(
    { group: "networking.k8s.io", resource: "ingresses" },
    {
      apiVersion: "networking.k8s.io/v1",
      kind: "Ingress",
      metadata,
      spec: { defaultBackend: { service: { name: "web", port: { number: 80 } } } },
    },
  );
  const net = await startNet({ client, dial: (_, port) => ({ host: "127.0.0.1", port }) });
  t.after(async () => {
    await net.stop();
    addresses.close();
    server.closeAllConnections();
    server.close();
  });
  return net.ingressPort;
}

async function send(
  port: number,
  method: string,
  body?: string,
  headers: Record<string, string> = {},
): Promise<IncomingMessage> {
  const sent = request({ host: "127.0.0.1", port, method, path: "/p?q=1", headers, agent: false });
  sent.end(body);
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  return response;
}

async function text(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

test("A request arrives as it was sent, with the headers of a proxy, and its body both ways", async (t) => {
  const server = createServer((incoming, outgoing) => {
    void text(incoming).then((body) => {
      outgoing.setHeader("set-cookie", ["a=1", "b=2"]);
      outgoing
        .writeHead(201)
        .end(JSON.stringify({ method: incoming.method, url: incoming.url, headers: incoming.headers, body }));
    });
  });
  const port = await front(t, server);
  const response = await send(port, "POST", "x".repeat(100_000), { host: "shop.example", "x-own": "1" });
  assert.equal(response.statusCode, 201);
  assert.deepEqual(response.headers["set-cookie"], ["a=1", "b=2"]);
  const seen = JSON.parse(await text(response)) as {
    method: string;
    url: string;
    headers: Record<string, string>;
    body: string;
  };
  assert.equal(seen.method, "POST");
  assert.equal(seen.url, "/p?q=1");
  assert.equal(seen.body.length, 100_000);
  assert.equal(seen.headers["host"], "shop.example");
  assert.equal(seen.headers["x-own"], "1");
  assert.equal(seen.headers["x-forwarded-for"], "127.0.0.1");
});

test("A GET whose connection dies before an answer is sent again; a POST is not, for it may have been done", async (t) => {
  let attempts = 0;
  const server = createServer((incoming, outgoing) => {
    attempts += 1;
    if (attempts % 2 === 1) incoming.socket.resetAndDestroy();
    else outgoing.end("second");
  });
  const port = await front(t, server);
  const got = await send(port, "GET");
  assert.equal(await text(got), "second");
  assert.equal(attempts, 2);
  const posted = await send(port, "POST", "order");
  assert.equal(posted.statusCode, 502);
  await text(posted);
  assert.equal(attempts, 3);
});

test("A stream of events arrives event by event", async (t) => {
  let push: (data: string) => void = () => undefined;
  const server = createServer((_, outgoing) => {
    outgoing.writeHead(200, { "content-type": "text/event-stream" });
    push = (data) => outgoing.write(`data: ${data}\n\n`);
    push("first");
  });
  const response = await send(await front(t, server), "GET");
  const [first] = (await once(response, "data")) as [Buffer];
  assert.equal(first.toString(), "data: first\n\n");
  push("second");
  const [second] = (await once(response, "data")) as [Buffer];
  assert.equal(second.toString(), "data: second\n\n");
  response.destroy();
});

test("An upgraded connection passes through in both directions, and ends with its client", async (t) => {
  const server = createServer();
  const closed = new Promise<void>((resolve) => {
    server.on("upgrade", (_incoming, socket) => {
      socket.write("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n");
      socket.pipe(socket);
      socket.once("close", resolve);
    });
  });
  const socket = connect(await front(t, server), "127.0.0.1");
  socket.write("GET /ws HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n");
  const [head] = (await once(socket, "data")) as [Buffer];
  assert.match(head.toString(), /^HTTP\/1\.1 101 /);
  socket.write("ping");
  const [echo] = (await once(socket, "data")) as [Buffer];
  assert.equal(echo.toString(), "ping");
  socket.destroy();
  await closed;
});

test("A request that cannot be passed on gets an answer, and the ingress lives on", async (t) => {
  const port = await front(
    t,
    createServer((_, outgoing) => outgoing.end("fine")),
  );
  const socket = connect(port, "127.0.0.1");
  socket.write(Buffer.from("GET /\xe4\xf6 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", "latin1"));
  const [answer] = (await once(socket, "data")) as [Buffer];
  assert.match(answer.toString(), /^HTTP\/1\.1 (200|400) /);
  socket.destroy();
  assert.equal(await text(await send(port, "GET")), "fine");
});

test("A port in use is refused with what to do", async (t) => {
  const port = await front(t, createServer());
  const api = new ApiServer(systemClock);
  furnishNamespaces(api, "PEM");
  const refused = startNet({ client: createClient(api, "test"), ingressPort: port });
  await assert.rejects(
    refused,
    /cannot listen on 127\.0\.0\.1:\d+: .*EADDRINUSE.*stop what listens there or choose another port/,
  );
});
