import assert from "node:assert/strict";
import { test } from "node:test";
import { createClient } from "../api/client.ts";
import { ApiServer } from "../api/server.ts";
import type { RecordEvent } from "../events.ts";
import { TurnedClock } from "../turned-clock.ts";
import { containerImage } from "./container-image.ts";
import type { Image } from "./image-store.ts";
import type { PodContext } from "./pod-context.ts";

const image: Image = { id: "x@sha256:0", config: {}, layers: [], size: 1 };

/** Pulls an image that comes at the nth attempt; tells what was heard, with the second it was heard in. */
async function pull(comesAt: number, seconds: number): Promise<{ heard: readonly string[]; got: Image | undefined }> {
  const clock = new TurnedClock();
  const start = clock.now();
  const heard: string[] = [];
  const say = (what: string) => heard.push(`${(clock.now() - start) / 1000} ${what}`);
  const record: RecordEvent = (_object, type, reason, message) =>
    say(`${type} ${reason}: ${message.replace(/ in \d+ms.*/, "")}`);
  let attempt = 0;
  const context: PodContext = {
    client: createClient(new ApiServer(clock), "test"),
    clock,
    record,
    images: {
      present: () => undefined,
      pull: () => Promise.resolve((attempt += 1) >= comesAt ? image : undefined),
      compose: () => Promise.resolve(),
    },
    hostIP: "",
    podIP: "",
    folder: "",
    allocatable: { cpu: 1, memory: 1 },
    pod: () => ({ apiVersion: "v1", kind: "Pod", metadata: { name: "p" }, spec: { containers: [] } }),
    dial: (host, port) => ({ host, port }),
    serviceAddress: (host, port) => ({ host, port }),
    addressVariables: () => ({}),
    changed: () => undefined,
    configChange: () => Promise.resolve(),
  };
  const stop = new AbortController();
  const waiting = (reason: string) => say(`waiting: ${reason}`);
  const result = containerImage({ name: "c", image: "x:1" }, context, waiting, stop.signal);
  await clock.advance(seconds * 1000);
  stop.abort();
  return { heard, got: await result };
}

test("A failed pull is tried again after 10 s, 20 s, 40 s up to 5 min", async () => {
  const { heard } = await pull(Infinity, 1300);
  const pulls = heard.filter((line) => line.includes("Pulling")).map((line) => Number(line.split(" ")[0]));
  assert.deepEqual(pulls, [0, 10, 30, 70, 150, 310, 610, 910, 1210]);
});

test("Between the attempts the container waits in back-off, and it has its image when it comes", async () => {
  const { heard, got } = await pull(2, 20);
  const failure = 'rpc error: code = NotFound desc = failed to pull and unpack image "x:1"';
  assert.equal(got, image);
  assert.deepEqual(
    heard.map((line) => line.replace(/(unpack image "x:1").*/, "$1")),
    [
      '0 Normal Pulling: Pulling image "x:1"',
      `0 Warning Failed: Failed to pull image "x:1": ${failure}`,
      "0 Warning Failed: Error: ErrImagePull",
      "0 waiting: ErrImagePull",
      '1 Normal BackOff: Back-off pulling image "x:1"',
      "1 Warning Failed: Error: ImagePullBackOff",
      "1 waiting: ImagePullBackOff",
      '10 Normal Pulling: Pulling image "x:1"',
      '10 Normal Pulled: Successfully pulled image "x:1"',
    ],
  );
});

test("A container that is stopped stops pulling", async () => {
  const { got } = await pull(Infinity, 5);
  assert.equal(got, undefined);
});
