import assert from "node:assert/strict";
import { test } from "node:test";
import { TurnedClock } from "../turned-clock.ts";
import { createClient } from "./client.ts";
import { expireEvents } from "./event-expiry.ts";
import { furnishNamespaces } from "./namespaces.ts";
import { ApiServer } from "./server.ts";

const minuteMs = 60_000;

test("an Event goes an hour after it was written last, and nothing waits when there is none", async () => {
  const clock = new TurnedClock();
  const api = new ApiServer(clock);
  furnishNamespaces(api, "PEM");
  const stop = expireEvents(api);
  const client = createClient(api, "test");
  const events = { group: "", resource: "events" };
  const say = (name: string) => {
    const object = { apiVersion: "v1", kind: "Event", metadata: { name, namespace: "default" } };
    const involvedObject = { kind: "Pod", namespace: "default", name: "p" };
    return client.create(events, Object.assign(object, { involvedObject, reason: "R", type: "Normal" }));
  };
  const names = () => client.list(events).map(({ metadata }) => metadata.name);
  const gone: (string | undefined)[] = [];
  const unwatch = client.watch(events, ({ type, object }) => {
    if (type === "DELETED") gone.push(object.metadata.name);
  });
  await say("once");
  await say("again");
  await clock.advance(30 * minuteMs);
  await client.mergePatch(events, "default", "again", { count: 2 });
  await clock.advance(30 * minuteMs - 1);
  assert.deepEqual(names(), ["again", "once"]);
  await clock.advance(1);
  assert.deepEqual([names(), gone], [["again"], ["once"]]);
  await clock.advance(30 * minuteMs);
  assert.deepEqual([names(), gone, clock.timers], [[], ["once", "again"], 0]);
  unwatch();
  stop();
});
