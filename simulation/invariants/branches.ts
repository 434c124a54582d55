import type { CommitInfo } from "../../src/io/git/git.ts";
import { logBranch } from "../../src/history/delivery-log.ts";
import type { DeliveryRecord } from "../../src/model/record.ts";
import type { MemoryRemote } from "../git/memory-remote.ts";
import { filesAt } from "../history/read-tree.ts";
import { places } from "../history/steps.ts";

/** Tells of what must never be. */
export type Accuse = (what: string) => void;

/** A rollback, as the branch saw it. */
interface Seen {
  readonly id: string;
  readonly application: string;
  readonly undoes: string;
}

/** What must hold of the branches at every moment (behaviours B1, B3, B4, P1, V1), whoever pushes. */
export function watchBranches(remote: MemoryRemote, accuse: Accuse): () => void {
  const heads = new Map<string, string>();
  const rollbacks: Seen[] = [];
  /** Every commit that the tracked branch ever had. */
  const delivered = new Set<string>();
  return remote.onPush((branch, id, by) => {
    const before = heads.get(branch);
    heads.set(branch, id);
    const commit = remote.commit(id);
    if (branch === "main") for (const one of ancestors(remote, id, delivered)) delivered.add(one);
    if (by !== "engine") return;
    if (before !== undefined && !remote.isAncestor(before, id) && !branch.startsWith("plumbline/"))
      accuse(`the engine forced ${branch} from ${before} to ${id}`);
    if (branch === "main") checkOwnCommit(remote, commit, before, rollbacks, accuse);
    if (branch === logBranch) checkRecords(remote, commit, delivered, accuse);
  });
}

/** A commit and all before it, but for what is known. */
function* ancestors(remote: MemoryRemote, from: string, known: ReadonlySet<string>): Generator<string> {
  const seen = new Set(known);
  const open = [from];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    yield id;
    open.push(...remote.commit(id).parents);
  }
}

function checkOwnCommit(
  remote: MemoryRemote,
  commit: CommitInfo,
  before: string | undefined,
  rollbacks: Seen[],
  accuse: Accuse,
): void {
  const { id, trailers, parents, subject } = commit;
  const of = trailers["Plumbline-Application"] ?? "";
  const [parent = ""] = parents;
  const what = `${id.slice(0, 8)} (${subject})`;
  if (parents.length !== 1 || parent !== before) accuse(`${what} was not made from the head of main, ${before}`);
  const touched = changedPaths(remote, parent, id);
  const outside = touched.filter((path) => !path.startsWith(`${of}/`));
  if (outside.length > 0) accuse(`${what} is of ${of} and touches ${outside.join(", ")}`);
  const undoes = trailers["Plumbline-Undoes"];
  const restores = trailers["Plumbline-Restores"];
  if (undoes === undefined || restores === undefined) {
    return checkPromotion(remote, commit, accuse);
  }
  checkRollback(remote, { id, application: of, undoes }, restores, parent, rollbacks, accuse);
  rollbacks.push({ id, application: of, undoes });
}

function checkRollback(
  remote: MemoryRemote,
  { id, application, undoes }: Seen,
  restores: string,
  parent: string,
  rollbacks: readonly Seen[],
  accuse: Accuse,
): void {
  const what = `rollback ${id.slice(0, 8)} of ${application}`;
  if (remote.idAt(id, application) !== remote.idAt(restores, application)) {
    accuse(`${what} does not restore the tree of ${restores.slice(0, 8)}`);
  }
  if (remote.idAt(parent, application) !== remote.idAt(undoes, application)) {
    accuse(`${what} undoes ${undoes.slice(0, 8)}, whose tree is not there any more`);
  }
  const undone = remote.commit(undoes).trailers;
  if (undone["Plumbline-Undoes"] !== undefined && undone["Plumbline-Application"] === application) {
    accuse(`${what} rolls back the rollback ${undoes.slice(0, 8)}`);
  }
  const record = recordOf(remote, application);
  const isSaid = record?.outcome === "failed" && record.revision.commit === undoes;
  if (remote.branch(logBranch) !== undefined && !isSaid)
    accuse(`${what} is pushed, and the log does not say that ${undoes.slice(0, 8)} failed`);
  const same = rollbacks.filter((one) => one.application === application && one.undoes === undoes);
  // Whoever takes the first rollback out of the branch brings the failure anew.
  const twice = same.find((one) => one.id !== id && remote.isAncestor(one.id, parent));
  if (twice)
    accuse(`${what} is the second one for the failure of ${undoes.slice(0, 8)}, after ${twice.id.slice(0, 8)}`);
}

/** A promotion changes nothing but images, to such as were healthy where they come from and never failed here (P1, B5). */
function checkPromotion(remote: MemoryRemote, { id, trailers, message, parents }: CommitInfo, accuse: Accuse): void {
  const of = trailers["Plumbline-Application"] ?? "";
  const from = trailers["Plumbline-Promotes"]?.split("@")[0];
  const what = `promotion ${id.slice(0, 8)} to ${of}`;
  if (from === undefined) return accuse(`${id.slice(0, 8)} is neither a rollback nor a promotion`);
  const [before, after] = [parents[0] ?? "", id].map((commit) =>
    JSON.stringify([...(filesAt(remote, commit, of) ?? [])]),
  );
  const withoutImages = (text = ""): string => text.replaceAll(/example\.test\/app:[^"\\]*/g, "");
  if (withoutImages(before) !== withoutImages(after)) accuse(`${what} changes more than images`);
  const healthy = recordOf(remote, from)?.lastHealthy?.images ?? [];
  for (const image of linesOf(message, "Plumbline-Image")) {
    if (!healthy.includes(image)) accuse(`${what} carries ${image}, which was not the last healthy one in ${from}`);
    const rejecting = [...ancestors(remote, parents[0] ?? "", new Set())].find((one) => {
      const { message: said, trailers: rejects } = remote.commit(one);
      return rejects["Plumbline-Application"] === of && linesOf(said, "Plumbline-Rejects").includes(image);
    });
    if (rejecting) accuse(`${what} carries ${image}, which ${rejecting.slice(0, 8)} rejects`);
  }
}

function linesOf(message: string, trailer: string): readonly string[] {
  return [...message.matchAll(new RegExp(`^${trailer}: (.*)$`, "gm"))].map((match) => match[1] ?? "");
}

/** Paths of files that differ between two commits. */
function changedPaths(remote: MemoryRemote, left: string, right: string): readonly string[] {
  const [before, after] = [left, right].map((id) => filesBelow(remote, remote.commit(id).tree, ""));
  const all = new Set([...(before?.keys() ?? []), ...(after?.keys() ?? [])]);
  return [...all].filter((path) => before?.get(path) !== after?.get(path));
}

function filesBelow(remote: MemoryRemote, tree: string, below: string): ReadonlyMap<string, string> {
  return new Map(
    (remote.objects.tree(tree) ?? []).flatMap(({ mode, name, id }): readonly (readonly [string, string])[] =>
      mode === "40000" ? [...filesBelow(remote, id, `${below}${name}/`)] : [[below + name, id]],
    ),
  );
}

/** The newest record of an application on the delivery log. */
export function recordOf(remote: MemoryRemote, application: string): DeliveryRecord | undefined {
  const head = remote.branch(logBranch);
  const id = head && remote.idAt(head, `${application}.json`);
  const content = id === undefined ? undefined : remote.objects.read(id)?.content.toString();
  return content === undefined ? undefined : (JSON.parse(content) as DeliveryRecord);
}

/** What a record says of a revision must be so, and of one that the tracked branch had. */
function checkRecords(remote: MemoryRemote, commit: CommitInfo, delivered: ReadonlySet<string>, accuse: Accuse): void {
  const [parent] = commit.parents;
  for (const at of places) {
    const path = `${at}.json`;
    if (parent !== undefined && remote.idAt(parent, path) === remote.idAt(commit.id, path)) continue;
    const record = recordOf(remote, at);
    if (!record) continue;
    const { revision, outcome, remedy, lastHealthy, rollback } = record;
    const what = `the record of ${at} (${outcome} at ${revision.commit.slice(0, 8)})`;
    if (!delivered.has(revision.commit)) accuse(`${what} is of a commit that main never had`);
    else if ((remote.idAt(revision.commit, at) ?? "") !== revision.tree) accuse(`${what} has another tree`);
    if ((outcome === "held" || outcome === "refused") && !remedy) accuse(`${what} does not say what to do`);
    if (outcome === "healthy" && lastHealthy?.tree !== revision.tree) accuse(`${what} is not the last healthy one`);
    if (lastHealthy && remote.idAt(lastHealthy.commit, at) !== lastHealthy.tree)
      accuse(`${what} has a last healthy tree that its commit has not`);
    if (outcome === "rolled-back" && (!rollback || !delivered.has(rollback.commit)))
      accuse(`${what} names a rollback that main never had`);
  }
}
