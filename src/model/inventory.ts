import type { KubeObject } from "./kube-object.ts";
import type { Manifest } from "./manifest.ts";
import type { ObjectRef } from "./object-ref.ts";

/** An object that the application may have created; `apiVersion` says how to reach it, `uid` which one it was. */
export interface InventoryEntry extends ObjectRef {
  readonly apiVersion: string;
  readonly uid?: string;
  /** It was there before Plumbline first applied it: it is deleted only where Git says so. */
  readonly adopted?: true;
}

/** Every object that an application may have created (behaviour D8), in the total order of references. */
export interface Inventory {
  readonly application: string;
  readonly entries: readonly InventoryEntry[];
}

/** The entry of a desired object, with the uid of what is live under its name, and whether that was there before. */
export function entryOf({ ref, object }: Manifest, live?: KubeObject, adopted = false): InventoryEntry {
  const { group, kind, namespace, name } = ref;
  const uid = live?.metadata.uid;
  const known = { ...(uid === undefined ? {} : { uid }), ...(adopted ? { adopted } : {}) };
  return { group, kind, namespace, name, apiVersion: object.apiVersion, ...known };
}
