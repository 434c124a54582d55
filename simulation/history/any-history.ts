import fc from "fast-check";
import { behaviours } from "../cluster/images.ts";
import type { Behaviour } from "../cluster/images.ts";
import { flaws, hookTimes } from "./manifests.ts";
import type { Policy } from "./manifests.ts";
import { garblings, handDeleted, moments, places } from "./steps.ts";
import type { Act, History, Step } from "./steps.ts";

const at = fc.constantFrom("staging/one" as const, ...places);
const image: fc.Arbitrary<Behaviour> = fc.oneof(
  { weight: 3, arbitrary: fc.constant("ready" as const) },
  { weight: 2, arbitrary: fc.constantFrom("missing", "expiring") },
  { weight: 5, arbitrary: fc.constantFrom(...behaviours) },
);
const file = fc.integer({ min: 1, max: 3 });
const by = fc.constantFrom(1, 1, 2, 3);
const forMs = fc.constantFrom(2000, 20_000, 100_000);

/** An act of one kind with what it needs. */
function one<D extends Act["do"]>(
  what: D,
  parts: { readonly [K in Exclude<keyof Extract<Act, { do: D }>, "do">]: fc.Arbitrary<Extract<Act, { do: D }>[K]> },
): fc.Arbitrary<Act> {
  return fc.record({ do: fc.constant(what), ...parts }) as fc.Arbitrary<Act>;
}

const onFailure = fc.constantFrom<Policy["onFailure"]>("revert", "revert", "revert", "hold", "branch");

const acts: readonly (readonly [weight: number, fc.Arbitrary<Act>])[] = [
  [4, one("add", { at })],
  [12, one("change", { at, image, recreate: fc.boolean(), file: fc.option(file, { nil: undefined }) })],
  [3, one("change-both", { at, image })],
  [3, one("spoil", { at, flaw: fc.constantFrom(...flaws) })],
  [4, one("hook", { at, when: fc.constantFrom(...hookTimes), image })],
  [3, one("check", { at, image })],
  [3, one("base", { at, image })],
  [2, one("change-base", { image })],
  [4, one("mend", { at })],
  [3, one("add-file", { at, file, stays: fc.boolean() })],
  [3, one("remove-file", { at, file })],
  [2, one("settings", { at })],
  [3, one("merge", { at, image, both: fc.boolean() })],
  [1, one("swap", { at, with: at, rewritten: fc.boolean() })],
  [1, one("repeat", {})],
  [2, one("rename", { at, to: at, rewritten: fc.boolean() })],
  [1, one("remove", { at })],
  [1, one("empty", { at })],
  [4, one("go-back", { by })],
  [2, one("go-aside", { by, at, image })],
  [4, one("revert", { at, by })],
  [2, one("merge-proposals", {})],
  [1, one("copy-rollback", {})],
  [1, one("depend", { at })],
  [1, one("policy", { onFailure })],
  [1, one("break-policy", {})],
  [1, one("drop-policy", {})],
  [2, one("edit", { at })],
  [2, one("delete-by-hand", { at, what: fc.constantFrom(...handDeleted) })],
  [1, one("unlabel", { at })],
  [1, one("squat", { at, file })],
  [1, one("replace", { at, file })],
  [1, one("delete-log", {})],
  [1, one("rewind-log", { by: fc.constantFrom(1, 2, 5) })],
  [1, one("garble-log", { how: fc.constantFrom(...garblings) })],
  [1, one("foreign", { at })],
  [7, one("kill", { lost: fc.boolean(), downMs: fc.constantFrom(0, 500, 30_000) })],
  [2, one("freeze", { forMs, setMs: fc.constantFrom(0, 0, -120_000, 60_000) })],
  [2, one("git-down", { forMs })],
  [2, one("api-down", { forMs })],
  [1, one("protect", { forMs: fc.constantFrom(2000, 20_000, 100_000, 3_600_000) })],
  [1, one("set-clock", { byMs: fc.constantFrom(-60_000, -8000, 8000, 60_000), isStandby: fc.boolean() })],
  [1, one("untold", { forMs })],
];

const thenMs = fc.constantFrom(0, 50, 400, 700, 1500, 4000, 12_000, 40_000);

const act = fc.oneof(...acts.map(([weight, arbitrary]) => ({ weight, arbitrary })));

const step = fc.record({
  act,
  when: fc.option(fc.constantFrom("main" as const, "commit" as const, "log" as const, ...moments), {
    nil: undefined,
    freq: 3,
  }),
  thenMs,
});

/** What fails, and what happens in the middle of what the engine does about it: what takes long to come about by itself. */
const failure = fc
  .record({
    at,
    image: fc.constantFrom("missing", "missing", "crash"),
    act: fc.oneof(
      { weight: 2, arbitrary: act },
      one("kill", { lost: fc.boolean(), downMs: fc.constantFrom(0, 500) }),
      one("git-down", { forMs: fc.constantFrom(2000, 20_000) }),
      one("revert", { at, by }),
    ),
    when: fc.constantFrom("commit" as const, "commit" as const, "main" as const, "log" as const),
    thenMs,
  })
  .map(({ at, image, act, when, thenMs }): readonly Step[] => [
    { act: { do: "change", at, image, recreate: false }, thenMs: 0 },
    { act, when, thenMs },
  ]);

/** What is gone from Git is made anew by hand just before it is deleted. */
const deletion = fc.record({ at, file, thenMs }).map(({ at, file, thenMs }): readonly Step[] => [
  { act: { do: "remove-file", at, file }, thenMs: 0 },
  { act: { do: "replace", at, file }, when: "deleting", thenMs },
]);

const steps = fc.oneof(
  { weight: 28, arbitrary: step.map((only): readonly Step[] => [only as Step]) },
  { weight: 4, arbitrary: failure },
  { weight: 1, arbitrary: deletion },
);

/** Any history of up to `most` steps. */
export function anyHistory(most: number): fc.Arbitrary<History> {
  return fc.record({
    policy: fc.record({
      onFailure,
      promote: fc.constantFrom(undefined, "commit", "branch"),
      isShared: fc.boolean(),
      isCanary: fc.constantFrom(false, false, true),
    }),
    begin: fc.subarray([...places]),
    engines: fc.constantFrom(1, 1, 2),
    faults: fc.constantFrom(0, 0, 0.02, 0.15),
    seed: fc.nat(1_000_000),
    steps: fc.array(steps, { minLength: 1, maxLength: most, size: "max" }).map((parts) => parts.flat().slice(0, most)),
  }) as fc.Arbitrary<History>;
}
