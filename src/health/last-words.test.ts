import assert from "node:assert/strict";
import { test } from "node:test";
import type { PodProgress } from "../model/health.ts";
import type { JsonObject } from "../model/json.ts";
import type { KubeObject } from "../model/kube-object.ts";
import { lastWords } from "./last-words.ts";

const crashed = {
  name: "app",
  ready: false,
  restartCount: 1,
  state: { waiting: {} },
  lastState: { terminated: { exitCode: 3 } },
};

/** What is told of one pod with these containers, and what was asked of the API server. */
async function told(
  statuses: readonly JsonObject[],
  body: string,
  {
    status = 200,
    pod = {},
    init = [],
  }: { status?: number; pod?: Partial<PodProgress>; init?: readonly JsonObject[] } = {},
): Promise<{ readonly words: string | undefined; readonly asked: string }> {
  let asked = "";
  const kube = {
    raw: (path: string) => {
      asked = path;
      return Promise.resolve({ status, body, headers: {} });
    },
  };
  const live = {
    get: (): KubeObject => ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "web-1" },
      status: { containerStatuses: statuses, initContainerStatuses: init },
    }),
  };
  const progress = {
    name: "web-1",
    workload: "web",
    generation: "new",
    phase: "Running",
    ready: false,
    restarts: 0,
    message: "",
  } as const;
  const words = await lastWords(
    kube,
    live,
    { objects: [], pods: [{ ...progress, ...pod }] },
    { namespace: "shop", lines: 2 },
  );
  return { words, asked };
}

test("the last lines of the container that ended are told on one line", async () => {
  const { words, asked } = await told([{ name: "side", ready: true }, crashed], "first\n\nsecond  line\n\tthird\n");
  assert.equal(words, "container app logged last: second line / third");
  assert.match(
    asked,
    /^\/api\/v1\/namespaces\/shop\/pods\/web-1\/log\?container=app&tailLines=2&limitBytes=65536&previous=false$/,
  );
});

test("of one that runs again the log of its last end is meant; an init container goes first", async () => {
  const again = { ...crashed, state: { running: {} } };
  assert.match((await told([again], "x")).asked, /previous=true/);
  assert.match(
    (await told([{ name: "app", ready: false, restartCount: 0, state: { running: {} } }], "x")).asked,
    /container=app.*previous=false/,
  );
  const init = [{ ...crashed, name: "migrate" }];
  assert.match(
    (await told([{ name: "app", ready: false, state: { waiting: {} } }], "x", { init })).asked,
    /container=migrate/,
  );
  const done = [{ name: "prepare", ready: true, state: { terminated: { exitCode: 0 } } }];
  assert.match((await told([crashed], "x", { init: done })).asked, /container=app/);
});

test("nothing is asked of pods that are old, ready or going, nor where no container has started", async () => {
  for (const pod of [{ generation: "old" }, { ready: true }, { phase: "Terminating" }] as const) {
    assert.deepEqual(await told([crashed], "x", { pod }), { words: undefined, asked: "" });
  }
  assert.equal(
    (await told([{ name: "app", ready: false, state: { waiting: { reason: "ErrImagePull" } } }], "x")).asked,
    "",
  );
});

test("what is no text is left out, and what is long is cut at its beginning", async () => {
  const escape = String.fromCodePoint(27);
  assert.equal(
    (await told([crashed], `${escape}[31mred${escape}[0m${String.fromCodePoint(7)}\r\n`)).words,
    "container app logged last: red",
  );
  const long = (await told([crashed], `${"a".repeat(5000)}end`)).words ?? "";
  assert.ok(long.length < 1100 && long.includes(": …a") && long.endsWith("end"));
  assert.equal((await told([crashed], "\n")).words, "container app logged nothing");
});

test("a log that may not be read is said so", async () => {
  const { words } = await told([crashed], '{ "message": "pods \\"web-1\\" is forbidden" }', { status: 403 });
  assert.equal(words, 'the log of container app cannot be read: pods "web-1" is forbidden');
  assert.match(
    (await told([crashed], "connection refused", { status: 0 })).words ?? "",
    /cannot be read: connection refused/,
  );
  assert.match((await told([crashed], "<html>", { status: 502 })).words ?? "", /cannot be read: it answered 502/);
});
