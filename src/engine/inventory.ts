import { isStored, readInventory, storeEntry, writeInventory } from "../apply/inventory-store.ts";
import type { Application } from "../model/application.ts";
import { entryOf } from "../model/inventory.ts";
import type { Inventory } from "../model/inventory.ts";
import type { Manifest } from "../model/manifest.ts";
import { refKey } from "../model/object-ref.ts";
import type { Problem } from "../model/problem.ts";
import type { Drift } from "../model/record.ts";
import { leftAloneUntil } from "../plan/flapping.ts";
import { otherManagersOf } from "../plan/field-set.ts";
import type { Known, Pass } from "./known.ts";
import type { Io } from "./reconcile.ts";

/** What became of the stored inventory: nothing, or the change that was undone, or what kept it from being undone. */
export interface Kept {
  readonly drift?: Drift;
  readonly trouble?: Problem;
  /** It is changed again and again, and left alone until then. */
  readonly dueMs?: number;
}

/** The inventory that a pass begins with, all of it watched beside what is to be delivered, and what became of the stored one. */
export interface Stock {
  readonly inventory: Inventory;
  readonly kept: Kept;
}

/** Takes the inventory before anything is planned; or the pass that ends here, since it is not known what is live. */
export async function takeInventory(
  io: Io,
  application: Application,
  known: Known,
  manifests: readonly Manifest[],
): Promise<({ readonly ok: true } & Stock) | { readonly ok: false; readonly pass: Pass }> {
  const inventory = known.inventory ?? (await readInventory(io.kube, io.namespace, application.id));
  const delivered = [...manifests.map((one) => entryOf(one)), ...inventory.entries];
  const unwatched = await io.live.watch(delivered, [storeEntry(io.namespace, application.id)]);
  if (unwatched) return { ok: false, pass: { known: { ...known, inventory }, trouble: unwatched } };
  const kept = await keepInventory(io, application, known);
  return kept.trouble ? { ok: false, pass: { known, trouble: kept.trouble } } : { ok: true, inventory, kept };
}

/**
 * Writes the inventory again where somebody changed or deleted its ConfigMap (behaviour D8): an engine that runs knows what it
 * wrote, so that nothing is lost and nobody adds to what may be deleted.
 */
export async function keepInventory(io: Io, { id }: Application, { inventory, record }: Known): Promise<Kept> {
  const { apiVersion: _, ...ref } = storeEntry(io.namespace, id);
  const store = io.live.get(ref);
  if (!inventory || isStored(store, inventory)) return {};
  const [newest, ...older] = (record?.drift ?? []).filter((drift) => refKey(drift.ref) === refKey(ref));
  const dueMs = newest && leftAloneUntil(ref, older, Date.parse(newest.at));
  if (dueMs !== undefined && dueMs > io.clock.now()) return { dueMs };
  const written = await writeInventory(io.kube, io.namespace, inventory);
  if (!written.ok) return { trouble: written.refused.problem };
  const nowMs = io.clock.now();
  const undoneMs = Math.max(0, nowMs - io.live.arrivedAt(ref, store));
  io.live.with([written.object]);
  const manager = store && otherManagersOf(store, ["f:data", "f:entries"])[0];
  const fields = store ? ["data.entries"] : [];
  return { drift: { ref, manager: manager ?? "unknown", fields, at: new Date(nowMs).toISOString(), undoneMs } };
}
