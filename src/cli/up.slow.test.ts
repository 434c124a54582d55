import { execFileSync, spawnSync } from "node:child_process";
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { get } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { eventually, makePlace, plumb, pressCtrlC, processesOf, startPlumb } from "./plumb-in-test.ts";
import type { Place } from "./plumb-in-test.ts";
import type { UpFile } from "./up-file.ts";
import { WorkingCopy } from "./working-copy.ts";

const skip = process.platform === "linux" ? false : "processes are found through /proc";
const anyPorts = ["up", "--status-port=0", "--ingress-port=0", "--deadline=30s", "--soak=1s"];

async function addresses({ folder }: Place): Promise<UpFile["ready"] & object> {
  const { ready } = JSON.parse(await readFile(join(folder, ".plumb", "up.json"), "utf8")) as UpFile;
  assert.ok(ready);
  return ready;
}

const noKubectl =
  spawnSync("kubectl", ["version", "--client"]).status === 0 ? false : "kubectl is not installed on this machine";

function answer(url: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const request = get(url, { agent: false, timeout: 5000 }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (more: string) => (text += more));
      response.once("end", () => resolve(response.statusCode === 200 ? text : undefined));
    });
    request.once("error", () => resolve(undefined));
  });
}

test(
  "up delivers what is pushed, refuses a second one, drills, ends by down, and goes on from Git",
  { skip },
  async (t) => {
    const place = await makePlace(t);
    const up = startPlumb(t, place, anyPorts);
    await up.printed("every object is healthy");
    const { ingressUrl, application, kubeconfigPath } = await addresses(place);

    await t.test("a second up in the same folder says who is there", async () => {
      const second = await plumb(t, place, ...anyPorts);
      assert.equal(second.code, 1);
      assert.match(second.err, /plumb up runs in .* already \(process \d+.*plumb down/);
    });

    await t.test("status and verify find the deployment repository and the cluster by themselves", async () => {
      assert.equal((await plumb(t, place, "status")).code, 0);
      const verified = await plumb(t, place, "verify", "--json");
      assert.equal(verified.code, 0, verified.err);
      assert.match(verified.out, /"asGitSays":11/);
    });

    await t.test("kubectl gets, describes, waits for the rollout and reads the logs", { skip: noKubectl }, async () => {
      const kubectl = (...args: readonly string[]): string =>
        execFileSync("kubectl", ["--namespace=probe-staging", ...args], {
          encoding: "utf8",
          env: { PATH: process.env["PATH"] ?? "", HOME: place.folder, KUBECONFIG: kubeconfigPath },
          timeout: 30_000,
        });
      assert.equal(kubectl("get", "pods").match(/ 1\/1 +Running /g)?.length, 4);
      assert.match(kubectl("describe", "deployment", "backend"), /2 updated \| 2 total \| 2 available/);
      assert.match(kubectl("rollout", "status", "deployment/backend", "--timeout=20s"), /successfully rolled out/);
      assert.match(kubectl("logs", "deployment/backend", "--tail=20"), /"event":"listening"/);
    });

    const copy = new WorkingCopy(join(place.folder, "clone"), place.env);
    await new WorkingCopy(place.folder, place.env).git("clone", "--quiet", application, copy.folder);
    const manifest = join(copy.folder, "backend", "package.json");
    const releaseFile = join(copy.folder, "release.yaml");

    await t.test("a push that cannot be released prints why and changes nothing", async () => {
      const good = await readFile(releaseFile, "utf8");
      await writeFile(releaseFile, `${good}nonsense: true\n`);
      await copy.commitAndPush("Write nonsense");
      await up.printed("nothing was changed");
      await up.printed("release.yaml:");
      await writeFile(releaseFile, good);
    });

    await t.test("a push to main is released and delivered", async () => {
      await writeFile(manifest, (await readFile(manifest, "utf8")).replace('"version": "0.0.0"', '"version": "2.0.0"'));
      const commit = await copy.commitAndPush("Count up");
      await eventually("the pods of the new commit answer", async () =>
        (await answer(`${ingressUrl}/api/metadata`))?.includes(commit) === true ? true : undefined,
      );
    });

    await t.test("a drill breaks it and it heals", async () => {
      const status = await eventually("healthy again", async () => {
        const status = await plumb(t, place, "status");
        return status.code === 0 ? status : undefined;
      });
      assert.match(status.out, /healthy/);
      const drill = await plumb(t, place, "drill", "wrong-image", "--json");
      assert.equal(drill.code, 0, drill.out + drill.err);
      assert.equal((JSON.parse(drill.out) as { ok: boolean }).ok, true);
    });

    await t.test("down ends it in order", async () => {
      const down = await plumb(t, place, "down");
      assert.equal(down.code, 0, down.err);
      assert.equal((await up.ended).code, 0);
      assert.deepEqual(await processesOf(place), []);
      assert.deepEqual(await readdir(place.temporary), []);
      assert.ok(existsSync(join(place.folder, ".plumb", "git", "deployment.git")));
    });

    await t.test("the next up fills an empty cluster from Git; Ctrl-C ends it with 130", async () => {
      const again = startPlumb(t, place, anyPorts);
      await again.printed("went on from what Git holds");
      await again.printed("Ctrl-C ends everything");
      const { ingressUrl } = await addresses(place);
      const body = await eventually("the pods answer", () => answer(`${ingressUrl}/api/metadata`));
      assert.match(body, /2\.0\.0|"commit"/);
      pressCtrlC(again);
      assert.equal((await again.ended).code, 130);
      assert.deepEqual(await processesOf(place), []);
    });

    await t.test("down where nothing is up says so, and purges", async () => {
      const down = await plumb(t, place, "down", "--purge");
      assert.equal(down.code, 0);
      assert.match(down.out, /nothing is up/);
      assert.ok(!existsSync(join(place.folder, ".plumb")));
    });
  },
);

test("up interrupted while it sets up leaves no process, and the next one sets up anew", { skip }, async (t) => {
  const place = await makePlace(t);
  const first = startPlumb(t, place, anyPorts);
  await eventually("npm ci", async () => (await processesOf(place)).find((command) => command.includes("npm ci")));
  pressCtrlC(first);
  assert.equal((await first.ended).code, 130);
  assert.deepEqual(await processesOf(place), []);
  assert.deepEqual(await readdir(place.temporary), []);
  const second = startPlumb(t, place, anyPorts);
  await second.printed("released 1.0.0");
  pressCtrlC(second);
  assert.equal((await second.ended).code, 130);
});

test("down removes no folder that up did not make", async (t) => {
  const place = await makePlace(t);
  await writeFile(join(place.folder, "precious"), "");
  const down = await plumb(t, place, "down", "--purge", "--folder=.");
  assert.equal(down.code, 1);
  assert.match(down.err, /does not look like/);
  assert.ok(existsSync(join(place.folder, "precious")));
});
