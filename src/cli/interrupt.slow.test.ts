import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { test } from "node:test";
import { eventually, makePlace, pressCtrlC, processesOf, startPlumb } from "./plumb-in-test.ts";
import type { Place, Running } from "./plumb-in-test.ts";

const skip = process.platform === "linux" ? false : "processes are found through /proc";

const moments: { readonly [name: string]: (running: Running, place: Place) => Promise<unknown> } = {
  "as soon as it says something": (running) => running.printed("set up"),
  "while a release runs npm ci": (_, place) =>
    eventually("npm ci", async () => (await processesOf(place)).find((command) => command.includes("npm ci"))),
  "under load": (running) => running.printed("upgrade to 1.1.0"),
};

for (const [name, moment] of Object.entries(moments)) {
  test(`Ctrl-C ends the demo ${name}: exit code 130, no process and no file is left`, { skip }, async (t) => {
    const place = await makePlace(t);
    const running = startPlumb(t, place, ["demo"]);
    await moment(running, place);
    pressCtrlC(running);
    // npm passes the signal on a second time.
    pressCtrlC(running);
    const { code, err } = await running.ended;
    assert.equal(code, 130, err);
    assert.doesNotMatch(err, /error:/);
    assert.deepEqual(await processesOf(place), []);
    assert.deepEqual(await readdir(place.temporary), []);
  });
}

test(
  "kill -9 of the demo ends its cluster, its engine and every container; only its folder stays",
  { skip },
  async (t) => {
    const place = await makePlace(t);
    const running = startPlumb(t, place, ["demo"]);
    await running.printed("✓ deploy 1.0.0");
    assert.ok((await processesOf(place)).length > 5);
    running.child.kill("SIGKILL");
    await eventually("their end", async () => ((await processesOf(place)).length === 0 ? true : undefined));
    assert.deepEqual(
      (await readdir(place.temporary)).filter((entry) => !entry.startsWith("plumb-demo-")),
      [],
    );
  },
);
