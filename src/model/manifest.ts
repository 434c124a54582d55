import type { KubeObject } from "./kube-object.ts";
import type { ObjectRef } from "./object-ref.ts";
import type { Place } from "./problem.ts";

/** One desired object with the place in Git that declares it. */
export interface Manifest {
  readonly ref: ObjectRef;
  readonly object: KubeObject;
  readonly where: Place;
}
