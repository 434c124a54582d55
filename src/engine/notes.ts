import type { Manifest } from "../model/manifest.ts";
import { refLabel } from "../model/object-ref.ts";

/** What people should know of a healthy revision though nothing is to be done: what Git declares and others keep. */
export function notesOn(desired: readonly Manifest[]): readonly string[] {
  return desired.flatMap(({ ref, ignored = [] }) =>
    ignored.flatMap(({ leftTo }) =>
      leftTo === undefined ? [] : [`spec.replicas of ${refLabel(ref)} is left to ${leftTo}, whatever Git says of it`],
    ),
  );
}
