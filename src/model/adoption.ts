import { fieldManager } from "./application.ts";
import type { InventoryEntry } from "./inventory.ts";
import { managedFieldsOf } from "./kube-object.ts";
import type { KubeObject } from "./kube-object.ts";
import type { Manifest } from "./manifest.ts";

/** The annotation of what was there before Plumbline first applied it, set by Plumbline. */
export const adoptedAnnotation = "plumbline.dev/adopted";

/**
 * True for an object that was there before Plumbline first applied it (behaviour D8). It says so itself, and so does the inventory:
 * either is enough, so that nobody who changes one of them gets it deleted.
 */
export function isAdopted(live: KubeObject, entry: InventoryEntry | undefined): boolean {
  if (live.metadata.annotations?.[adoptedAnnotation] === "true") return true;
  return entry?.adopted === true && entry.uid !== undefined && entry.uid === live.metadata.uid;
}

/** The manifest of an adopted object, which says so. */
export function withMark(manifest: Manifest): Manifest {
  const { metadata } = manifest.object;
  const annotations = { ...metadata.annotations, [adoptedAnnotation]: "true" };
  return { ...manifest, object: { ...manifest.object, metadata: { ...metadata, annotations } } };
}

/** True when Plumbline has applied the object, so that it is known whether it was there before. */
export function isApplied(live: KubeObject | undefined): boolean {
  return live !== undefined && managedFieldsOf(live).some(({ manager }) => manager === fieldManager);
}

/**
 * True when the answer to the dry run of an apply shows that the object is there already, and not by Plumbline: what is yet to be
 * created has no resourceVersion. `live` is what the watches knew of it, which is nothing of objects without Plumbline's
 * label, and `entry` what the inventory knows.
 */
export function wasThere(answer: KubeObject, live: KubeObject | undefined, entry: InventoryEntry | undefined): boolean {
  if (isApplied(live)) return false;
  if (entry?.uid !== undefined && entry.uid === answer.metadata.uid) return false;
  return answer.metadata.resourceVersion !== undefined;
}
