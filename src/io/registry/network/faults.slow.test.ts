import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { test } from "node:test";
import { ProblemError } from "../../../model/problem.ts";
import { systemClock } from "../../clock/clock.ts";
import { systemProcesses } from "../../process/system-processes.ts";
import { blobOf, digestOf, manifestOf, manifestType } from "../registry-contract-in-test.ts";
import type { Registry } from "../registry.ts";
import { noDockerRegistry, startDockerRegistry } from "./docker-registry-in-test.ts";
import { startFaultyProxy, type FaultyProxy } from "./faulty-proxy-in-test.ts";
import { networkRegistry } from "./network-registry.ts";
import { seeded } from "../../clock/seeded-in-test.ts";

const skip = await noDockerRegistry();
const seeds = 100;
const atOnce = 4;

/** A large layer, an image over it with a tag, and a note on that image. */
async function push(registry: Registry, name: string): Promise<void> {
  await registry.putBlob(name, () => Readable.from(largePieces));
  const image = await manifestOf(registry, name, "small");
  const { digest, size } = await registry.putManifest(name, undefined, image, manifestType);
  const subject = { mediaType: manifestType, digest, size };
  const note = await manifestOf(registry, name, "note", { artifactType: "application/vnd.example.note", subject });
  await registry.putManifest(name, undefined, note, manifestType);
  await registry.putManifest(name, "v1", image, manifestType);
}

const largePieces = Array.from({ length: 10 }, (_, index) => Buffer.alloc(10_000, index));
const large = Buffer.concat(largePieces);

test(
  `interrupted at ${seeds} seeds, a push completes or leaves nothing that the next one trips over`,
  skip === undefined ? {} : { skip },
  async (t) => {
    const target = await startDockerRegistry(t);
    const lanes = await Promise.all(Array.from({ length: atOnce }, () => startFaultyProxy(t, target.host)));
    const outcomes = await Promise.all(
      lanes.map(async (proxy, lane) => {
        const completed: boolean[] = [];
        for (let seed = lane; seed < seeds; seed += atOnce) completed.push(await interrupt(proxy, seed));
        return completed;
      }),
    );
    const completed = outcomes.flat().filter(Boolean).length;
    const faults = lanes.flatMap(({ faults: met }) => [...met]);
    const kinds = new Set(faults.map(([kind]) => kind));
    const count = faults.reduce((sum, [, met]) => sum + met, 0);
    t.diagnostic(`${completed} of ${seeds} pushes completed; ${count} faults`);
    assert.ok(completed >= seeds / 2, `${completed} of ${seeds} completed`);
    assert.ok(completed < seeds, "none had to give up");
    assert.equal(kinds.size, 7, "every kind of fault was met");
  },
);

/** A push and a download through one seed's faults, each followed by a calm one; true when the first push completed. */
async function interrupt(proxy: FaultyProxy, seed: number): Promise<boolean> {
  const calm = connect(proxy, 1);
  const name = `${proxy.host}/seed-${seed}`;
  proxy.random = seeded(seed);
  // Half of the seeds give up early, so that much is left half done.
  const outcome: unknown = await push(connect(proxy, seed % 2 === 0 ? 8 : 2), name).catch((error: unknown) => error);
  proxy.random = undefined;
  assert.ok(outcome === undefined || outcome instanceof ProblemError, `seed ${seed}: ${String(outcome)}`);

  const before = proxy.uploadedBytes;
  await push(calm, name);
  if (outcome === undefined) {
    const again = proxy.uploadedBytes - before;
    // A note is entered again by its manifest; no blob and no tag is sent twice.
    assert.ok(again < 1500, `seed ${seed}: ${again} bytes were sent again`);
  }
  const image = (await calm.resolve(name, "v1")) ?? "";
  assert.match((await calm.readManifest(name, image)).toString("utf8"), /"schemaVersion":2/);
  assert.equal((await calm.referrers(name, image)).length, 1, `seed ${seed}`);
  assert.equal(await blobOf(calm, name, digestOf(large)), large.toString("utf8"), `seed ${seed}`);

  proxy.random = seeded(seed + 1000);
  const read: unknown = await blobOf(connect(proxy, 8), name, digestOf(large)).catch((error: unknown) => error);
  proxy.random = undefined;
  assert.ok(read instanceof ProblemError || read === large.toString("utf8"), `seed ${seed}: ${String(read)}`);
  return outcome === undefined;
}

function connect({ host }: FaultyProxy, attempts: number): Registry {
  return networkRegistry({
    location: host,
    clock: systemClock,
    random: () => 0.5,
    processes: systemProcesses,
    environment: {},
    pieceBytes: 30_000,
    attempts,
    backOff: { baseMs: 1, maxMs: 4 },
  });
}
