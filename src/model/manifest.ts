import type { IgnoredField } from "./ignore-rule.ts";
import type { KubeObject } from "./kube-object.ts";
import type { ObjectRef } from "./object-ref.ts";
import type { Place } from "./problem.ts";

/** What Git says of one object that may exist already. */
export type Declared = Pick<Manifest, "object" | "ignored">;

/** One desired object with the place in Git that declares it. */
export interface Manifest {
  readonly ref: ObjectRef;
  readonly object: KubeObject;
  readonly where: Place;
  /** What is applied when the object is created, and left to others from then on; default nothing. */
  readonly ignored?: readonly IgnoredField[];
}
