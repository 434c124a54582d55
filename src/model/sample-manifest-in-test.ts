import { refOf } from "./kube-object.ts";
import type { KubeObject } from "./kube-object.ts";
import type { Manifest } from "./manifest.ts";

/** For tests: an object as a file of Git declares it, with whatever is to be different. */
export function sampleManifest(object: KubeObject, different: Partial<Manifest> = {}): Manifest {
  return { ref: refOf(object), object, where: { file: `${object.metadata.name}.yaml` }, ...different };
}
