import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { systemClock } from "../io/clock/clock.ts";
import { fixedCredentials } from "../io/kube/credentials.ts";
import { HttpsKube } from "../io/kube/https-kube.ts";
import { Live } from "./live.ts";

test("a kind that the API server serves no longer is gone, and is listed anew when it is served again", async (t) => {
  let serves = true;
  let version = 1;
  const watches = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://server");
    const answer = (code: number, body: unknown): unknown => response.writeHead(code).end(JSON.stringify(body));
    if (pathname === "/version") return answer(200, {});
    if (!serves || !pathname.startsWith("/apis/example.org/v1")) return answer(404, "404 page not found");
    if (!pathname.endsWith("/widgets")) {
      return answer(200, { resources: [{ name: "widgets", kind: "Widget", namespaced: true }] });
    }
    if (searchParams.has("watch")) return watches.add(response.writeHead(200)) && response.flushHeaders();
    const metadata = { name: "w", namespace: "shop", uid: String(version), resourceVersion: String(version) };
    return answer(200, { metadata: { resourceVersion: String(version) }, items: [{ metadata }] });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const access = {
    server: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    namespace: "default",
    credentials: fixedCredentials({ authorization: "Bearer t" }),
  };
  const kube = new HttpsKube({ access, clock: systemClock, random: () => 0 });
  const ref = { group: "example.org", kind: "Widget", namespace: "shop", name: "w" };
  let gone = (): void => {};
  const live = new Live(kube, systemClock, () => {
    if (live.get(ref) === undefined) gone();
  });
  t.after(() => {
    live.close();
    kube.close();
    server.closeAllConnections();
    server.close();
  });
  const widgets = [{ apiVersion: "example.org/v1", kind: "Widget", namespace: "shop" }];
  assert.equal(await live.watch(widgets), undefined);
  assert.equal(live.get(ref)?.metadata.uid, "1");
  assert.equal(live.hasStatus(ref.group, ref.kind), false);

  const isGone = new Promise<void>((resolve) => (gone = resolve));
  serves = false;
  for (const watch of watches) watch.end();
  await isGone;
  assert.equal(await live.watch(widgets), undefined, "a kind that is not served holds nobody up");

  [serves, version] = [true, 2];
  assert.equal(await live.watch(widgets), undefined);
  assert.equal(live.get(ref)?.metadata.uid, "2");
});
