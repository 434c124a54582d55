import type { Kube, KubeAnswer, KubeRefusal, KubeResource } from "../io/kube/kube.ts";
import { applicationLabel, applicationLabelKey, fieldManager } from "../model/application.ts";
import type { Inventory, InventoryEntry } from "../model/inventory.ts";
import { isJsonObject, valueAt } from "../model/json.ts";
import type { Json } from "../model/json.ts";
import type { KubeObject } from "../model/kube-object.ts";
import { compareRefs, refKey } from "../model/object-ref.ts";
import { ProblemError } from "../model/problem.ts";
import { refusedObject } from "./refused.ts";
import type { Refused } from "./refused.ts";

const configMaps: KubeResource = {
  group: "",
  version: "v1",
  kind: "ConfigMap",
  resource: "configmaps",
  namespaced: true,
};
const namespaces: KubeResource = {
  group: "",
  version: "v1",
  kind: "Namespace",
  resource: "namespaces",
  namespaced: false,
};
const managedBy = { "app.kubernetes.io/managed-by": "plumbline" };

/**
 * The inventory of an application as the cluster keeps it, in a ConfigMap of the engine's namespace; empty when there is none
 * yet. Rejects with `ProblemError` when the server cannot be asked or the ConfigMap is damaged: guessing would lose objects.
 */
export async function readInventory(kube: Kube, namespace: string, application: string): Promise<Inventory> {
  const answer = await kube.get(configMaps, namespace, storeName(application));
  if (answer.ok) return parseInventory(answer.value, application);
  if (answer.refusal.code === 404) return { application, entries: [] };
  throw new ProblemError(refusedObject(storeRef(namespace, application), answer.refusal).problem);
}

/** Every inventory that the cluster keeps. Rejects with `ProblemError` when the server cannot be asked; what is damaged is left out. */
export async function readInventories(kube: Kube, namespace: string): Promise<readonly Inventory[]> {
  const labelSelector = Object.entries(managedBy)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
  const answer = await kube.list({ resource: configMaps, namespace, labelSelector });
  if (!answer.ok) throw new ProblemError(refusedObject(storeRef(namespace, "*"), answer.refusal).problem);
  return answer.value.flatMap((object): readonly Inventory[] => {
    const application = valueAt(object["data"], "application");
    const text = valueAt(object["data"], "entries");
    if (typeof application !== "string" || object.metadata.name !== storeName(application)) return [];
    const entries = typeof text === "string" ? parseEntries(text) : undefined;
    return entries === undefined ? [] : [{ application, entries: entries.toSorted(compareRefs) }];
  });
}

/** The ConfigMap as it was written, or why it was not. */
export type WrittenInventory =
  | { readonly ok: true; readonly object: KubeObject }
  | { readonly ok: false; readonly refused: Refused };

/** Writes an inventory, and creates the engine's namespace where it is missing. */
export async function writeInventory(kube: Kube, namespace: string, inventory: Inventory): Promise<WrittenInventory> {
  const first = await write(kube, namespace, inventory);
  if (first.ok) return { ok: true, object: first.value };
  if (first.refusal.code !== 404) return refusal(namespace, inventory, first.refusal);
  const own = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace, labels: managedBy } };
  const created = await kube.apply(namespaces, own, { fieldManager, force: true, dryRun: false });
  const second = created.ok ? await write(kube, namespace, inventory) : created;
  return second.ok ? { ok: true, object: second.value } : refusal(namespace, inventory, second.refusal);
}

/** Where the inventory of an application is kept, for the watches. */
export function storeEntry(namespace: string, application: string): InventoryEntry {
  return { ...storeRef(namespace, application), apiVersion: "v1" };
}

/** True when the ConfigMap says what the inventory says; an empty one need not be there. */
export function isStored(store: KubeObject | undefined, inventory: Inventory): boolean {
  if (store === undefined) return inventory.entries.length === 0;
  return valueAt(store["data"], "entries") === entriesText(inventory);
}

/** True when both name the same objects, with the same uids. */
export function sameInventory(left: Inventory, right: Inventory): boolean {
  return entriesText(left) === entriesText(right);
}

/** True when every object of `part` is in `whole`, whichever uid either knows. */
export function covers(whole: Inventory, part: Inventory): boolean {
  const keys = new Set(whole.entries.map(refKey));
  return part.entries.every((entry) => keys.has(refKey(entry)));
}

function write(kube: Kube, namespace: string, inventory: Inventory): Promise<KubeAnswer<KubeObject>> {
  const name = storeName(inventory.application);
  const object = {
    apiVersion: "v1",
    kind: "ConfigMap",
    // The label of the application lets the watches see it.
    metadata: {
      name,
      namespace,
      labels: { ...managedBy, [applicationLabelKey]: applicationLabel(inventory.application) },
    },
    data: { application: inventory.application, entries: entriesText(inventory) },
  };
  return kube.apply(configMaps, object, { fieldManager, force: true, dryRun: false });
}

function parseInventory(object: KubeObject, application: string): Inventory {
  const text = valueAt(object["data"], "entries");
  const entries = typeof text === "string" ? parseEntries(text) : undefined;
  if (entries !== undefined) return { application, entries: entries.toSorted(compareRefs) };
  const { namespace = "", name } = object.metadata;
  throw new ProblemError({
    code: "inventory-damaged",
    message: `The inventory of ${application} in ConfigMap ${namespace}/${name} cannot be read.`,
    remedy: "restore the ConfigMap; or delete it, and then delete by hand what is gone from Git since",
  });
}

function parseEntries(text: string): readonly InventoryEntry[] | undefined {
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
  if (!Array.isArray(value)) return undefined;
  const entries = value.map(parseEntry);
  return entries.every((entry) => entry !== undefined) ? entries : undefined;
}

function parseEntry(value: Json): InventoryEntry | undefined {
  if (!isJsonObject(value)) return undefined;
  const { group, kind, namespace, name, apiVersion, uid, adopted } = value;
  if (typeof group !== "string" || typeof kind !== "string" || typeof namespace !== "string") return undefined;
  if (typeof name !== "string" || typeof apiVersion !== "string") return undefined;
  const entry = { group, kind, namespace, name, apiVersion, ...(adopted === true ? { adopted } : {}) };
  return typeof uid === "string" ? { ...entry, uid } : entry;
}

function entriesText(inventory: Inventory): string {
  const entries = inventory.entries.toSorted(compareRefs).map((entry) => {
    const { group, kind, namespace, name, apiVersion, uid, adopted } = entry;
    return { group, kind, namespace, name, apiVersion, uid, adopted };
  });
  return JSON.stringify(entries);
}

function refusal(namespace: string, inventory: Inventory, refused: KubeRefusal): WrittenInventory {
  return { ok: false, refused: refusedObject(storeRef(namespace, inventory.application), refused) };
}

function storeRef(namespace: string, application: string) {
  return { group: "", kind: "ConfigMap", namespace, name: storeName(application) };
}

function storeName(application: string): string {
  return `plumbline-inventory-${applicationLabel(application)}`;
}
