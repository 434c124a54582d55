import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { test } from "node:test";
import { TurnedClock } from "../../turned-clock.ts";
import { furnishNamespaces } from "../namespaces.ts";
import { ApiServer } from "../server.ts";
import { newIdentity } from "./identity.ts";
import { listen } from "./listen.ts";

test("a watch that has ended tells nothing more, also where its client has not read everything yet", async (t) => {
  const clock = new TurnedClock(Date.now());
  const api = new ApiServer(clock);
  const identity = await newIdentity(clock.now());
  furnishNamespaces(api, identity.caCertificate);
  const listener = await listen({ api, identity, port: 0 });
  t.after(() => listener.close());
  const configMaps = api.resource({ group: "", resource: "configmaps" });
  const create = (name: string, text: string): unknown => {
    const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data: { text } };
    return api.create(configMaps, "default", object, { fieldManager: "test" });
  };
  // More than sockets take in while nobody reads.
  for (let index = 0; index < 24; index += 1) create(`large-${index}`, "x".repeat(1_000_000));
  const path = "/api/v1/namespaces/default/configmaps?watch=true&timeoutSeconds=5";
  const headers = { authorization: `Bearer ${identity.token}` };
  const asked = request(`${listener.url}${path}`, { ca: identity.caCertificate, agent: false, headers }).end();
  const [answer] = (await once(asked, "response")) as [IncomingMessage];
  await clock.advance(5000);
  create("late", "");
  let text = "";
  for await (const chunk of answer.setEncoding("utf8") as AsyncIterable<string>) text += chunk;
  const told = text.trimEnd().split("\n");
  assert.equal(told.filter((line) => line.includes('"name":"large-')).length, 24);
  assert.ok(!text.includes('"name":"late"'));
});
