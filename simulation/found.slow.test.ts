import assert from "node:assert/strict";
import { test } from "node:test";
import { play } from "./history/play.ts";
import type { History } from "./history/steps.ts";
import { report } from "./report.ts";

/** Histories that went wrong once, as small as they could be made, each by what was mended. */
function found(name: string, { steps, ...different }: Partial<History> & Pick<History, "steps">): void {
  const policy = { onFailure: "revert", promote: undefined, isShared: false, isCanary: false } as const;
  const history: History = { policy, begin: ["staging/one"], engines: 1, faults: 0, seed: 1, ...different, steps };
  void test(name, async () => {
    const played = await play(history);
    assert.deepEqual(played.accusations, [], report(history, played));
  });
}

found("what is held says why also after it looked healthy for a moment", {
  steps: [{ act: { do: "change", at: "staging/two", image: "faint", recreate: false }, thenMs: 90_000 }],
});

found("what was refused stays so, with its reason, while the API server cannot be asked again", {
  steps: [
    { act: { do: "spoil", at: "staging/one", flaw: "refused" }, thenMs: 12_000 },
    { act: { do: "api-down", forMs: 100_000 }, thenMs: 120_000 },
  ],
});

found("a commit that was pushed together with a broken delivery.yaml is delivered, as a restarted engine would", {
  steps: [
    { act: { do: "settings", at: "staging/one" }, thenMs: 0 },
    { act: { do: "break-policy" }, thenMs: 12_000 },
  ],
});

found(
  "an application whose inventory was written without the engine hearing of it is not forgotten when Git loses it",
  {
    steps: [
      { act: { do: "add", at: "production/one" }, thenMs: 0 },
      { act: { do: "api-down", forMs: 2000 }, when: "inventory", thenMs: 0 },
      { act: { do: "remove", at: "production/one" }, thenMs: 12_000 },
    ],
  },
);

found("a delivery log that was deleted is whole again, also where a decision began it anew before anybody looked", {
  begin: ["staging/one", "production/one"],
  steps: [
    { act: { do: "delete-log" }, thenMs: 0 },
    { act: { do: "edit", at: "staging/one" }, thenMs: 0 },
  ],
});

found("a delivery log on top of which somebody wrote what is no record says again what is known", {
  steps: [{ act: { do: "garble-log", how: "unreadable-on-top" }, thenMs: 40_000 }],
});

found("a delivery log that is deleted while one that is gone from Git is looked at says again that it is held", {
  begin: [],
  steps: [
    { act: { do: "change", at: "staging/one", image: "missing", recreate: false }, thenMs: 0 },
    { act: { do: "revert", at: "staging/one", by: 1 }, when: "commit", thenMs: 0 },
    { act: { do: "remove", at: "staging/one" }, thenMs: 0 },
    { act: { do: "empty", at: "production/one" }, thenMs: 0 },
    { act: { do: "change", at: "staging/one", image: "expiring", recreate: false }, thenMs: 12_000 },
    { act: { do: "change", at: "staging/one", image: "missing", recreate: false }, thenMs: 0 },
    { act: { do: "delete-log" }, when: "commit", thenMs: 0 },
  ],
});

found("an engine whose machine slept and woke with its clock set back does not believe that it still leads", {
  engines: 2,
  steps: [
    { act: { do: "freeze", forMs: 20_000, setMs: -120_000 }, thenMs: 12_000 },
    { act: { do: "edit", at: "staging/one" }, thenMs: 8000 },
  ],
});

found("whoever takes a rollback back at once brings a new revision, not a second rollback for the same failure", {
  steps: [
    { act: { do: "change", at: "staging/one", image: "missing", recreate: false }, thenMs: 0 },
    { act: { do: "revert", at: "staging/one", by: 1 }, when: "main", thenMs: 12_000 },
  ],
});

found("a rollback waits while delivery.yaml is broken, since nothing on top of that is delivered", {
  begin: ["production/one"],
  steps: [
    { act: { do: "change", at: "production/one", image: "missing", recreate: false }, thenMs: 0 },
    { act: { do: "break-policy" }, thenMs: 12_000 },
  ],
});

found("and is written when delivery.yaml is mended", {
  steps: [
    { act: { do: "change", at: "staging/one", image: "missing", recreate: false }, thenMs: 0 },
    { act: { do: "break-policy" }, thenMs: 12_000 },
    { act: { do: "policy", onFailure: "revert" }, thenMs: 12_000 },
  ],
});

found("a promotion that came due while delivery.yaml was broken is made when that is mended", {
  policy: { onFailure: "revert", promote: "commit", isShared: false, isCanary: false },
  begin: ["staging/one", "production/one"],
  steps: [
    { act: { do: "change", at: "staging/one", image: "ready", recreate: false }, thenMs: 0 },
    { act: { do: "break-policy" }, thenMs: 12_000 },
    { act: { do: "policy", onFailure: "revert" }, thenMs: 12_000 },
  ],
});

found("what was delivered and is gone from Git is held also where nobody but the cluster knows of it any more", {
  steps: [
    { act: { do: "remove", at: "staging/one" }, thenMs: 0 },
    { act: { do: "kill", lost: false, downMs: 0 }, thenMs: 0 },
    { act: { do: "delete-log" }, thenMs: 0 },
  ],
});
