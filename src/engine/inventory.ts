import { isStored, storeEntry, writeInventory } from "../apply/inventory-store.ts";
import type { Application } from "../model/application.ts";
import { refKey } from "../model/object-ref.ts";
import type { Problem } from "../model/problem.ts";
import type { Drift } from "../model/record.ts";
import { leftAloneUntil } from "../plan/flapping.ts";
import { otherManagersOf } from "../plan/field-set.ts";
import type { Known } from "./known.ts";
import type { Io } from "./reconcile.ts";

/** What became of the stored inventory: nothing, or the change that was undone, or what kept it from being undone. */
export interface Kept {
  readonly drift?: Drift;
  readonly trouble?: Problem;
  /** It is changed again and again, and left alone until then. */
  readonly dueMs?: number;
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
