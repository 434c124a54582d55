import type { CommitInfo } from "../../src/io/git/git.ts";
import { logBranch } from "../../src/history/delivery-log.ts";
import type { DeliveryRecord } from "../../src/model/record.ts";
import type { MemoryRemote } from "../git/memory-remote.ts";
import { filesAt } from "../history/read-tree.ts";
import { places } from "../history/steps.ts";
import { hasContent, isOnOtherBase } from "./content.ts";

/** Tells of what must never be. */
export type Accuse = (what: string) => void;

/** A rollback, as the branch saw it. */
interface Seen {
  readonly id: string;
  readonly application: string;
  readonly undoes: string;
}

/** What own commits are judged by. */
interface Judging {
  readonly remote: MemoryRemote;
  readonly accuse: Accuse;
  readonly rollbacks: Seen[];
  /** What the engine said last of each application, whatever somebody has made of the log since. */
  readonly said: Map<string, DeliveryRecord>;
}

/** What must hold of the branches at every moment (behaviours B1, B3, B4, P1, V1), whoever pushes. */
export function watchBranches(remote: MemoryRemote, accuse: Accuse): () => void {
  const heads = new Map<string, string>();
  const judging: Judging = { remote, accuse, rollbacks: [], said: new Map() };
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
    if (branch === "main") checkOwnCommit(judging, commit, before);
    if (branch !== logBranch) return;
    const known = new Set(before === undefined ? [] : [before]);
    const news = [...ancestors(remote, id, known)].toReversed();
    for (const one of news) checkRecords(judging, remote.commit(one), delivered);
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

function checkOwnCommit(judging: Judging, commit: CommitInfo, before: string | undefined): void {
  const { remote, accuse, rollbacks } = judging;
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
    return checkPromotion(judging, commit);
  }
  checkRollback(judging, { id, application: of, undoes }, restores, parent);
  rollbacks.push({ id, application: of, undoes });
}

function checkRollback(
  { remote, accuse, rollbacks, said }: Judging,
  { id, application, undoes }: Seen,
  restores: string,
  parent: string,
): void {
  const what = `rollback ${id.slice(0, 8)} of ${application}`;
  if (remote.idAt(id, application) !== remote.idAt(restores, application)) {
    accuse(`${what} does not restore the tree of ${restores.slice(0, 8)}`);
  }
  const record = said.get(application);
  const healthy = record?.lastHealthy;
  if (healthy?.commit === restores && isOnOtherBase(remote, restores, id, healthy)) {
    accuse(`${what} restores ${restores.slice(0, 8)} on another base`);
  }
  if (remote.idAt(parent, application) !== remote.idAt(undoes, application)) {
    accuse(`${what} undoes ${undoes.slice(0, 8)}, whose tree is not there any more`);
  }
  const undone = remote.commit(undoes).trailers;
  if (undone["Plumbline-Undoes"] !== undefined && undone["Plumbline-Application"] === application) {
    accuse(`${what} rolls back the rollback ${undoes.slice(0, 8)}`);
  }
  if (record?.outcome !== "failed" || record.revision.commit !== undoes)
    accuse(`${what} is pushed, and the log does not say that ${undoes.slice(0, 8)} failed`);
  const same = rollbacks.filter((one) => one.application === application && one.undoes === undoes);
  // Whoever takes the first rollback out of the branch brings the failure anew.
  const twice = same.find((one) => one.id !== id && remote.isAncestor(one.id, parent));
  if (twice)
    accuse(`${what} is the second one for the failure of ${undoes.slice(0, 8)}, after ${twice.id.slice(0, 8)}`);
}

/** A promotion changes nothing but images, to such as were healthy where they come from and never failed here (P1, B5). */
function checkPromotion({ remote, accuse, said }: Judging, { id, trailers, message, parents }: CommitInfo): void {
  const of = trailers["Plumbline-Application"] ?? "";
  const from = trailers["Plumbline-Promotes"]?.split("@")[0];
  const what = `promotion ${id.slice(0, 8)} to ${of}`;
  if (from === undefined) return accuse(`${id.slice(0, 8)} is neither a rollback nor a promotion`);
  const [before, after] = [parents[0] ?? "", id].map((commit) =>
    JSON.stringify([...(filesAt(remote, commit, of) ?? [])]),
  );
  const withoutImages = (text = ""): string => text.replaceAll(/example\.test\/[a-z]+:[^"\\]*/g, "");
  if (withoutImages(before) !== withoutImages(after)) accuse(`${what} changes more than images`);
  const healthy = said.get(from)?.lastHealthy?.images ?? [];
  for (const image of linesOf(message, "Plumbline-Image")) {
    if (!healthy.includes(image)) accuse(`${what} carries ${image}, which was not the last healthy one in ${from}`);
    const rejecting = [...ancestors(remote, parents[0] ?? "", new Set())].find((one) => {
      const { message: text, trailers: rejects } = remote.commit(one);
      return rejects["Plumbline-Application"] === of && linesOf(text, "Plumbline-Rejects").includes(image);
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
  return head === undefined ? undefined : recordAt(remote, head, application);
}

function recordAt(remote: MemoryRemote, commit: string, application: string): DeliveryRecord | undefined {
  const id = remote.idAt(commit, `${application}.json`);
  const content = id === undefined ? undefined : remote.objects.read(id)?.content.toString();
  return content === undefined ? undefined : parsedRecord(content);
}

function parsedRecord(text: string): DeliveryRecord | undefined {
  try {
    return JSON.parse(text) as DeliveryRecord;
  } catch {
    return undefined;
  }
}

/** What a record says of a revision must be so, and of one that the tracked branch had. */
function checkRecords({ remote, accuse, said }: Judging, commit: CommitInfo, delivered: ReadonlySet<string>): void {
  const [parent] = commit.parents;
  for (const at of places) {
    const path = `${at}.json`;
    if (parent !== undefined && remote.idAt(parent, path) === remote.idAt(commit.id, path)) continue;
    const record = recordAt(remote, commit.id, at);
    if (!record) continue;
    said.set(at, record);
    const { revision, outcome, remedy, lastHealthy, rollback } = record;
    const what = `the record of ${at} (${outcome} at ${revision.commit.slice(0, 8)})`;
    if (!delivered.has(revision.commit)) accuse(`${what} is of a commit that main never had`);
    else if (!hasContent(remote, revision.commit, at, revision)) accuse(`${what} has another tree`);
    if ((outcome === "held" || outcome === "refused") && !remedy) accuse(`${what} does not say what to do`);
    if (outcome === "healthy" && lastHealthy?.tree !== revision.tree) accuse(`${what} is not the last healthy one`);
    if (lastHealthy && !hasContent(remote, lastHealthy.commit, at, lastHealthy))
      accuse(`${what} has a last healthy tree that its commit has not`);
    if (outcome === "rolled-back" && (!rollback || !delivered.has(rollback.commit)))
      accuse(`${what} names a rollback that main never had`);
  }
}
