import assert from "node:assert/strict";
import { test } from "node:test";
import { noDockerRegistry } from "../io/registry/network/docker-registry-in-test.ts";
import { startPlumb } from "./plumb-in-test.ts";
import { makeReleasePlace } from "./released-in-test.ts";

const skip = await noDockerRegistry();

test(
  "of two machines that give one tag to two images at once, one releases and the other is told that it did not",
  skip === undefined ? {} : { skip },
  async (t) => {
    const place = await makeReleasePlace(t);
    const { proxy, registry, name, write, git } = place;
    git(".", "clone", "-q", "application", "other");
    for (const machine of ["application", "other"]) {
      write(`${machine}/main.js`, `console.log("${machine}");\n`);
      git(machine, "commit", "-q", "-am", "Change");
      git(machine, "tag", "v1.0.0");
    }
    const [before, after] = [barrier(2), barrier(2)];
    const tagged = /^(PUT|HEAD) .*\/manifests\/v?1\.0\.0$/;
    const written: string[] = [];
    // Both have found the tag free when the first of them writes it; both have written it when the first of them looks again.
    proxy.gate = async (line) => {
      const method = tagged.exec(line)?.[1];
      if (method === "PUT") {
        written.push(line);
        await before();
      } else if (method === "HEAD" && written.length >= 2) await after();
    };
    const runs = ["application", "other"].map((source) =>
      startPlumb(t, place, ["release", `--source=${source}`, "--json"]),
    );
    const ended = await Promise.all(runs.map((run) => run.ended));
    assert.deepEqual(new Set(ended.map(({ code }) => code)), new Set([0, 1]), ended.map(({ err }) => err).join("\n"));
    assert.equal(written.length, 2, "both wrote it");
    const [winner, loser] = ended.toSorted((left, right) => (left.code ?? 0) - (right.code ?? 0));
    const { images } = JSON.parse(winner?.out ?? "") as { images: readonly { tag: string; digest: string }[] };
    const { tag = "", digest = "" } = images[0] ?? {};
    assert.equal(await registry.resolve(name, tag), digest);
    assert.match(loser?.err ?? "", new RegExp(`tag \\S+:${tag} names ${digest} already; tags are never moved`));
    const pinned = git("deployment.git", "show", "main:staging/probe/app.yaml");
    assert.ok(pinned.includes(`${name}:${tag}@${digest}`), pinned);
  },
);

/** A function that resolves when it was called so many times. */
function barrier(count: number): () => Promise<void> {
  let waiting = 0;
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return () => {
    waiting += 1;
    if (waiting >= count) open();
    return opened;
  };
}
