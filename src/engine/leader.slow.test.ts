import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { systemClock } from "../io/clock/clock.ts";
import { faultyKube } from "../io/kube/faulty-kube.ts";
import type { Kube } from "../io/kube/kube.ts";
import { Leader } from "./leader.ts";
import type { LeaderOptions } from "./leader.ts";
import { openWorkbench } from "./workbench-in-test.ts";
import { seeded } from "../io/clock/seeded-in-test.ts";

/** One who stands for election, and what was seen of it. */
interface Candidate {
  readonly leader: Leader;
  /** Resolves with the next term's signal. */
  readonly leads: () => Promise<AbortSignal>;
  readonly end: () => Promise<void>;
}

/** Whoever leads, in the order in which it happened: `+a` begins, `-a` has ended. */
type Story = string[];

/** Lapses of a machine that is busy elsewhere end no term of this length. */
const durationMs = 3000;

function stand(
  t: TestContext,
  kube: Kube,
  name: string,
  story: Story,
  different: Partial<LeaderOptions> = {},
): Candidate {
  const ending = new AbortController();
  const waiting: ((signal: AbortSignal) => void)[] = [];
  const leader = new Leader({
    kube,
    clock: systemClock,
    random: Math.random,
    namespace: "plumbline-system",
    identity: name,
    durationMs,
    ...different,
  });
  const run = leader.run(async (signal) => {
    story.push(`+${name}`);
    for (const resolve of waiting.splice(0)) resolve(signal);
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    story.push(`-${name}`);
  }, ending.signal);
  // A test that failed must not go on standing for election.
  t.after(() => ending.abort());
  return {
    leader,
    leads: () => new Promise((resolve) => waiting.push(resolve)),
    async end() {
      ending.abort();
      await run;
    },
  };
}

/** No term begins before the one before it has ended. */
function assertInTurn(story: Story): void {
  for (let index = 0; index < story.length; index += 2) {
    const [begin = "", end] = story.slice(index, index + 2);
    assert.ok(begin.startsWith("+"), story.join(" "));
    if (end !== undefined) assert.equal(end, begin.replace("+", "-"), story.join(" "));
  }
}

test("one of two leads, its orderly end hands over at once, and the Lease says so", async (t: TestContext) => {
  const bench = await openWorkbench(t, false);
  const { kube } = bench;
  const story: Story = [];
  const a = stand(t, kube, "a", story);
  await a.leads();
  let b = a;
  const why = await new Promise((resolve) => {
    b = stand(t, kube, "b", story, { onStandby: resolve });
  });
  assert.equal(why, "a leads");
  assert.ok(a.leader.holds() && !b.leader.holds());
  const next = b.leads();
  const beganMs = Date.now();
  await a.end();
  await next;
  assert.ok(Date.now() - beganMs < durationMs, "b does not wait until the Lease has run out");
  assert.deepEqual(story, ["+a", "-a", "+b"]);
  const lease = await bench.get("coordination.k8s.io/v1", "Lease", "plumbline-system", "plumbline-engine");
  assert.ok(lease);
  const { renewTime, acquireTime, ...spec } = lease["spec"] as Record<string, unknown>;
  assert.deepEqual(spec, { holderIdentity: "b", leaseDurationSeconds: 3, leaseTransitions: 2 });
  assert.match(String(acquireTime), /^\d{4}-\d\d-\d\dT[\d:]+\.\d{6}Z$/);
  assert.match(String(renewTime), /^\d{4}-\d\d-\d\dT[\d:]+\.\d{6}Z$/);
  await b.end();
});

test("cut off from the API server a leader stops by itself before the next one begins", async (t: TestContext) => {
  const { kube } = await openWorkbench(t, false);
  const story: Story = [];
  const faults = { random: Math.random, before: 0, after: 0, throttled: 0, watchBreak: 0 };
  const a = stand(t, faultyKube(kube, faults), "a", story);
  const term = await a.leads();
  const b = stand(t, kube, "b", story);
  const next = b.leads();
  const over = new Promise<void>((resolve) => {
    term.addEventListener("abort", () => resolve(), { once: true });
  });
  faults.before = 1;
  await over;
  assert.ok(!a.leader.holds(), "it may not act any more");
  assert.deepEqual(
    story.filter((line) => line === "+b"),
    [],
    "and nobody else does yet",
  );
  await next;
  assert.deepEqual(story, ["+a", "-a", "+b"]);
  await a.end();
  await b.end();
});

test("a clock that is set back or forward makes no two lead (O2)", async (t: TestContext) => {
  const { kube } = await openWorkbench(t, false);
  const story: Story = [];
  const set = { a: 0, b: 0 };
  const clockOf = (who: keyof typeof set): Pick<LeaderOptions, "clock" | "steadyMs"> => ({
    clock: { now: () => Date.now() + set[who], at: (atMs, then) => systemClock.at(atMs - set[who], then) },
    steadyMs: () => performance.now(),
  });
  const faults = { random: Math.random, before: 0, after: 0, throttled: 0, watchBreak: 0 };
  const a = stand(t, faultyKube(kube, faults), "a", story, clockOf("a"));
  await a.leads();
  let b = a;
  await new Promise((resolve) => {
    b = stand(t, kube, "b", story, { ...clockOf("b"), onStandby: resolve });
  });
  const next = b.leads();
  faults.before = 1;
  set.a = -3_600_000;
  set.b = 3_600_000;
  assert.ok(!b.leader.holds(), "what an hour forward on its clock says is no reason to take the Lease");
  await next;
  assert.ok(!a.leader.holds(), "an hour back on its clock does not make its Lease longer");
  assert.deepEqual(story, ["+a", "-a", "+b"]);
  await a.end();
  await b.end();
});

test("the Lease of a holder that is known to have ended is taken at once", async (t: TestContext) => {
  const { kube } = await openWorkbench(t, false);
  const story: Story = [];
  const faults = { random: Math.random, before: 0, after: 0, throttled: 0, watchBreak: 0 };
  const killed = stand(t, faultyKube(kube, faults), "killed", story, { durationMs: 60_000 });
  await killed.leads();
  faults.before = 1;
  const b = stand(t, kube, "b", story, { durationMs: 60_000, hasEnded: (identity) => identity === "killed" });
  await b.leads();
  await b.end();
  await killed.end();
});

test("in all weathers three take turns: at no moment do two lead (O2)", async (t: TestContext) => {
  const { kube } = await openWorkbench(t, false);
  const story: Story = [];
  const seed = Number(process.env["PLUMB_SEED"] ?? Math.floor(Math.random() * 1e6));
  t.diagnostic(`seed ${seed}: PLUMB_SEED=${seed} repeats the faults`);
  const candidates = ["a", "b", "c"].map((name, index) => {
    const faults = { random: seeded(seed + index), before: 0.35, after: 0.3, throttled: 0.3, watchBreak: 0 };
    return stand(t, faultyKube(kube, faults), name, story, { durationMs: 900 });
  });
  for (let terms = 0; terms < 4; terms += 1) {
    await Promise.race(candidates.map(({ leads }) => leads()));
    assert.ok(candidates.filter(({ leader }) => leader.holds()).length <= 1);
  }
  await Promise.all(candidates.map(({ end }) => end()));
  assertInTurn(story);
});
