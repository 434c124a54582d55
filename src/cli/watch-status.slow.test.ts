import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { readlinkSync, renameSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { deliveryLog } from "../history/delivery-log.ts";
import { openMirror } from "../io/git/mirror.ts";
import { runGit } from "../io/git/temporary-repository-in-test.ts";
import { exampleDocument } from "../status/example-documents-in-test.ts";
import type { ExampleState } from "../status/example-documents-in-test.ts";
import { eventually, makePlace, plumb, pressCtrlC, processesOf, startPlumb, startProgram } from "./plumb-in-test.ts";
import type { Place } from "./plumb-in-test.ts";
import { packageFile } from "./package-root.ts";

/** A delivery log whose status document a test changes as an engine would. */
async function logOf(t: TestContext, place: Place) {
  const remote = join(place.folder, "remote.git");
  runGit(place.folder, "init", "--quiet", "--bare", remote);
  const git = await openMirror({ url: remote, folder: join(place.folder, "writer.git") });
  t.after(() => git.close());
  let minute = 0;
  const become = async (state: ExampleState): Promise<void> => {
    const atMs = Date.now() + (minute += 1);
    const files = new Map([["status.json", JSON.stringify(exampleDocument(state, atMs))]]);
    assert.equal((await deliveryLog(git).note({ message: state, atMs, files })).kind, "written");
  };
  return { remote, become };
}

test("piped, a watch prints a line for each change, tells that the log cannot be read, and ends with 130", async (t) => {
  const place = await makePlace(t);
  const { remote, become } = await logOf(t, place);
  await become("healthy");
  const watching = startPlumb(t, place, ["status", "--watch", `--repository=${remote}`]);
  await watching.printed("healthy");
  await become("progressing");
  await watching.printed("rolling out");
  renameSync(remote, `${remote}.away`);
  await watching.printed("There is no repository at");
  renameSync(`${remote}.away`, remote);
  await become("held");
  await watching.printed("can be read again");
  await watching.printed("held");
  pressCtrlC(watching);
  const { code, out } = await watching.ended;
  assert.equal(code, 130);
  const lines = out.trimEnd().split("\n");
  for (const line of lines)
    assert.match(line, /^\d{4}-\d\d-\d\dT[\d:]{8}Z {2}\S+ {2}(healthy|rolling out|held) {2}\w{8} {2}/);
  assert.equal(new Set(lines.map((line) => line.slice(22))).size, lines.length, "nothing is said twice");
  assert.doesNotMatch(out.replaceAll("\n", ""), /\p{Cc}/u);
  const left = (await processesOf(place)).filter((one) => !one.includes("writer.git"));
  assert.deepEqual(left, []);
});

test("as JSON, a watch prints a document each time", async (t) => {
  const place = await makePlace(t);
  const { remote, become } = await logOf(t, place);
  await become("healthy");
  const watching = startPlumb(t, place, ["status", "--watch", "--json", `--repository=${remote}`]);
  await watching.printed('"healthy"');
  await become("held");
  await watching.printed('"held"');
  watching.child.kill("SIGTERM");
  const documents = (await watching.ended).out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { schema: number });
  assert.deepEqual(
    documents.map(({ schema }) => schema),
    [1, 1],
  );
});

test("status ends with 0, 1 or 2: all is well, something is not, nothing can be read", async (t) => {
  const place = await makePlace(t);
  const { remote, become } = await logOf(t, place);
  const code = async (...args: readonly string[]) =>
    (await plumb(t, place, "status", `--repository=${remote}`, ...args)).code;
  assert.equal(await code(), 2);
  assert.equal(await code("--watch"), 2);
  for (const [state, expected] of [
    ["healthy", 0],
    ["progressing", 1],
    ["held", 1],
  ] as const) {
    await become(state);
    assert.equal(await code(), expected, state);
    assert.equal(await code("--json"), expected, state);
  }
});

const noPty =
  spawnSync("script", ["--version"]).status === 0 && process.platform === "linux"
    ? false
    : "script, which makes a terminal, is not installed on this machine";

test(
  "in a terminal, a watch draws over the screen, follows its size, and leaves it whole at Ctrl-C",
  { skip: noPty },
  async (t) => {
    const place = await makePlace(t);
    const { remote, become } = await logOf(t, place);
    await become("healthy");
    const { CI: _, ...env } = place.env;
    const command = `${process.execPath} ${packageFile("dist", "src", "cli", "main.js")} status --watch --repository=${remote}`;
    const shell = `stty rows 40 cols 100; ${command}; echo ended with $?`;
    const terminal = { ...place, env: { ...env, TERM: "xterm", SHELL: "/bin/sh" } };
    const watching = startProgram(t, terminal, "script", ["-qec", shell, "/dev/null"]);
    await watching.printed("\u001B[?1049h");
    await watching.printed("healthy");
    await become("held");
    await watching.printed("held");
    const pid = await eventually("the watch", async () => {
      const found = (await processesOf(place)).find((one) => /^\d+ \S*node \S+main\.js status --watch/.test(one));
      return found?.split(" ")[0];
    });
    execFileSync("stty", ["-F", readlinkSync(`/proc/${pid}/fd/1`), "rows", "3", "cols", "60"]);
    await watching.printed("more lines");
    process.kill(Number(pid), "SIGINT");
    await watching.printed("ended with 130");
    const { out } = await watching.ended;
    const [, after = ""] = out.split("\u001B[?1049l");
    assert.ok(
      out.includes("\u001B[?7h\u001B[?25h\u001B[?1049l"),
      "wrapping, cursor and what was there before are back",
    );
    assert.equal(after.trim(), "ended with 130", "and nothing is drawn any more");
  },
);
