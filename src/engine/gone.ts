import { readInventory, storeEntry, writeInventory } from "../apply/inventory-store.ts";
import { applicationLabel, applicationLabelKey } from "../model/application.ts";
import type { Application } from "../model/application.ts";
import type { KubeObject } from "../model/kube-object.ts";
import type { Problem } from "../model/problem.ts";
import type { Revision } from "../model/revision.ts";
import { refuse } from "./conclude.ts";
import { keepInventory } from "./inventory.ts";
import type { Known, Pass } from "./known.ts";
import type { Io } from "./reconcile.ts";
import { continueRecord } from "./records.ts";

/**
 * The pass for an application that Git no longer has. When nothing of it is left, or others have taken it over, as after a
 * renaming, it is forgotten; otherwise it is held, and its objects stay as they are: that a directory vanished does not say
 * that what runs is to go (behaviour D8).
 */
export async function letGo(io: Io, application: Application, head: string, known: Known): Promise<Pass> {
  io.answers.forget(application.id);
  io.desired.forget(application.id);
  // Of a write whose answer was lost nothing is known here: only the cluster can say that nothing is left.
  const remembered = known.inventory?.entries.length ? known.inventory : undefined;
  const inventory = remembered ?? (await readInventory(io.kube, io.namespace, application.id));
  if (inventory.entries.length === 0) return { known, gone: true };
  const unwatched = await io.live.watch(inventory.entries, [storeEntry(io.namespace, application.id)]);
  const kept = unwatched ? {} : await keepInventory(io, application, known);
  if (kept.trouble) return { known, trouble: kept.trouble };
  // What cannot be seen may be there.
  const left = inventory.entries.filter((entry) => unwatched || isLeft(io.live.get(entry), application));
  if (left.length === 0) return forget(io, application, known);
  const before = known.record?.revision;
  const revision = before?.tree === noTree ? before : await removal(io, application, head);
  const record = continueRecord(known.record, revision, application, io.clock.now());
  return refuse(io, { ...known, inventory }, record, [goneProblem(application, left.length)]);
}

/** The watches tell everything that carries the label of an application: what does not is gone, or nobody's any more. */
function isLeft(live: KubeObject | undefined, { id }: Application): boolean {
  return live?.metadata.labels?.[applicationLabelKey] === applicationLabel(id);
}

/** Nothing is to be deleted any more, whatever comes back under this name. */
async function forget(io: Io, { id }: Application, known: Known): Promise<Pass> {
  const inventory = { application: id, entries: [] };
  const written = await writeInventory(io.kube, io.namespace, inventory);
  if (!written.ok) return { known, trouble: written.refused.problem };
  io.live.with([written.object]);
  return { known: { ...known, inventory }, gone: true };
}

/** Stands for the tree of a directory that is not there. */
const noTree = "";

/** The commit that took the application out: of its directory, or of its environment in delivery.yaml. */
async function removal({ git }: Io, { path }: Application, head: string): Promise<Revision> {
  const isThere = (await git.treeAt(head, path)) !== undefined;
  const [last] = await git.log(head, isThere ? "delivery.yaml" : path, 1);
  const { id, subject, author, committedAt } = last ?? (await git.commit(head));
  return { commit: id, tree: noTree, subject, author, committedAt };
}

/** Why the objects of an application that Git no longer has stay as they are (behaviour D8). */
export function goneProblem({ id, path }: Application, count: number): Problem {
  const left =
    count === 1
      ? "the 1 object that it delivered is left in the cluster as it is"
      : `the ${count} objects that it delivered are left in the cluster as they are`;
  return {
    code: "application-gone",
    message: `${id} is gone from Git; ${left}`,
    where: { file: path },
    remedy: `to remove them, put back ${path} with nothing but a delivery.yaml that says allowEmpty: true, and remove it once they are gone`,
  };
}
