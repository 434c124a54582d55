import type { Manifest } from "../model/manifest.ts";
import { refLabel } from "../model/object-ref.ts";
import type { AppliedStep } from "../model/record.ts";

/** What people should know of a healthy revision though nothing is to be done: what others keep, and what is not deleted. */
export function notesOn(desired: readonly Manifest[], applied: readonly AppliedStep[]): readonly string[] {
  const left = desired.flatMap(({ ref, ignored = [] }) =>
    ignored.flatMap(({ leftTo }) =>
      leftTo === undefined ? [] : [`spec.replicas of ${refLabel(ref)} is left to ${leftTo}, whatever Git says of it`],
    ),
  );
  const adopted = applied.filter(({ outcome }) => outcome === "adopted").map(({ ref }) => refLabel(ref));
  const were = adopted.length === 1 ? "was there before, and is" : "were there before, and are";
  return adopted.length === 0 ? left : [...left, `${adopted.join(", ")} ${were} deleted only where Git says so`];
}
