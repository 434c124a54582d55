import assert from "node:assert/strict";
import { test } from "node:test";
import { TurnedClock } from "../turned-clock.ts";
import { containerImage, type Telling } from "./container-image.ts";
import type { Image, ImageStore } from "./image-store.ts";

const image: Image = { id: "x@sha256:0", config: {}, tree: "", size: 1 };

/** Pulls an image that comes at the nth attempt; tells what was heard, with the second it was heard in. */
async function pull(comesAt: number, seconds: number): Promise<{ heard: readonly string[]; got: Image | undefined }> {
  const clock = new TurnedClock();
  const start = clock.now();
  const heard: string[] = [];
  const say = (what: string) => heard.push(`${(clock.now() - start) / 1000} ${what}`);
  let attempt = 0;
  const images: ImageStore = {
    present: () => undefined,
    pull: () => Promise.resolve((attempt += 1) >= comesAt ? image : undefined),
  };
  const telling: Telling = {
    say: (type, reason, message) => say(`${type} ${reason}: ${message.replace(/ in \d+ms.*/, "")}`),
    wait: (reason) => say(`waiting: ${reason}`),
  };
  const stop = new AbortController();
  const result = containerImage({ name: "c", image: "x:1" }, { clock, images, logins: () => [] }, telling, stop.signal);
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
