import assert from "node:assert/strict";
import { test } from "node:test";
import { seeded } from "../io/clock/seeded-in-test.ts";
import { noDockerRegistry } from "../io/registry/network/docker-registry-in-test.ts";
import { plumb, startPlumb } from "./plumb-in-test.ts";
import { makeReleasePlace } from "./released-in-test.ts";

const skip = await noDockerRegistry();
const seeds = 4;

interface Answered {
  readonly images: readonly { readonly digest: string; readonly tag: string; readonly pushedBytes: number }[];
}

test(
  `a release that is killed at any of its requests, at ${seeds} seeds, is completed by the next one`,
  skip === undefined ? {} : { skip },
  async (t) => {
    const place = await makeReleasePlace(t);
    const { proxy, registry, name, write, git } = place;
    const change = (seed: number): void => {
      write("application/main.js", `console.log(${seed});\n`);
      git("application", "commit", "-q", "--allow-empty", "-am", `Change ${seed}`);
    };
    const release = async (...more: readonly string[]): Promise<Answered> => {
      const { code, out, err } = await plumb(t, place, ...place.release, ...more);
      assert.equal(code, 0, err);
      return JSON.parse(out) as Answered;
    };
    await release();
    change(0);
    let before = proxy.requests.length;
    await release();
    const requests = proxy.requests.length - before;
    const ends = new Map<string, number>();
    for (let seed = 1; seed <= seeds; seed += 1) {
      const random = seeded(seed);
      change(seed);
      before = proxy.requests.length;
      const last = before + 1 + Math.floor(random() * requests);
      // Either the registry never sees the last request, or it does and nobody hears its answer.
      const isSeen = random() < 0.5;
      const killed = startPlumb(t, place, place.release);
      proxy.gate = async (_, number) => {
        if (number < last) return;
        killed.child.kill("SIGKILL");
        if (!isSeen) await new Promise(() => undefined);
      };
      const { code } = await killed.ended;
      proxy.gate = undefined;
      const end =
        code === null
          ? (proxy.requests.at(-1)?.replace(/^(\w+) \/v2\/\S*?\/(blobs|manifests|referrers)\/.*/, "$1 $2") ?? "")
          : "done";
      ends.set(end, (ends.get(end) ?? 0) + 1);

      const { images } = await release();
      const { digest = "", tag = "" } = images[0] ?? {};
      const told = `seed ${seed}, killed at request ${last - before} of ${requests}`;
      assert.equal(await registry.resolve(name, tag), digest, told);
      // Builds once more, from nothing but the commit, and compares.
      const verified = await release("--verify");
      assert.equal(verified.images[0]?.digest, digest, told);
      assert.equal(verified.images[0]?.pushedBytes, 0, told);
      assert.equal((await registry.referrers(name, digest)).length, 2, told);
      const index = JSON.parse((await registry.readManifest(name, digest)).toString()) as { manifests: Named[] };
      for (const manifest of index.manifests) {
        const { config, layers } = JSON.parse(
          (await registry.readManifest(name, manifest.digest)).toString(),
        ) as Manifest;
        for (const blob of [config, ...layers]) {
          let size = 0;
          for await (const chunk of registry.readBlob(name, blob.digest)) size += chunk.length;
          assert.equal(size, blob.size, told);
        }
      }
      assert.match(git("deployment.git", "show", "main:staging/probe/app.yaml"), new RegExp(`${tag}@${digest}`), told);
    }
    t.diagnostic(`killed at: ${JSON.stringify(Object.fromEntries(ends))}`);
    assert.ok([...ends.keys()].filter((end) => end !== "done").length >= 3, "at different kinds of requests");
    assert.equal(git("deployment.git", "rev-list", "--count", "main"), String(1 + 2 + seeds), "each pinned once");
  },
);

interface Named {
  readonly digest: string;
  readonly size: number;
}

interface Manifest {
  readonly config: Named;
  readonly layers: readonly Named[];
}
