import type { CommitInfo, Git } from "../../io/git/git.ts";
import type { PlannedApplication } from "../../model/plan-document.ts";
import type { DeliveryRecord } from "../../model/record.ts";
import type { FoundApplication } from "../../source/deployment.ts";
import { readDeployment } from "../../source/deployment.ts";
import { compareOffline, planApplication } from "../plan/plan-application.ts";
import type { Cause, CauseCommit, ChangedFile } from "./explanation.ts";

/** Commits that are named of what a delivery brought. */
const namedAtMost = 20;

/** What a delivery changed of what was healthy before it, or of nothing: its commits, files and objects. */
export async function causeOf(git: Git, record: DeliveryRecord, path: string): Promise<Cause> {
  const { revision, lastHealthy } = record;
  // A delivery that was healthy says so of itself.
  const since = lastHealthy && lastHealthy.commit !== revision.commit ? lastHealthy : undefined;
  const { settings, objects } = await planned(git, record, since?.commit);
  const restores = await restoredBy(git, revision.commit);
  return {
    ...(since ? { since } : {}),
    ...(restores ? { restores } : {}),
    commits: await commitsSince(git, revision.commit, path, since?.commit),
    files: await filesBetween(git, path, since?.commit, revision.commit),
    settings,
    objects,
  };
}

/** An application as a commit has it; undefined where that commit's delivery.yaml does not lead to it. */
export async function foundAt(git: Git, commit: string, id: string): Promise<FoundApplication | undefined> {
  const deployment = await readDeployment(git, commit);
  return deployment.ok ? deployment.value.applications.find(({ application }) => application.id === id) : undefined;
}

async function planned(
  git: Git,
  { application, revision }: DeliveryRecord,
  since: string | undefined,
): Promise<Pick<PlannedApplication, "settings" | "objects">> {
  const after = await foundAt(git, revision.commit, application);
  const before = since === undefined ? undefined : await foundAt(git, since, application);
  if (!after) return { settings: [], objects: [] };
  return planApplication(git, { before, after, from: since ?? revision.commit, to: revision.commit }, compareOffline);
}

async function commitsSince(
  git: Git,
  commit: string,
  path: string,
  since: string | undefined,
): Promise<readonly CauseCommit[]> {
  const all = await git.log(commit, path, namedAtMost);
  const end = all.findIndex(({ id }) => id === since);
  const own = since === undefined || end < 0 ? all.slice(0, 1) : all.slice(0, end);
  return own.map(told);
}

/** The commit whose state a rollback brings back; a rollback of a rollback is never written, so one step is enough. */
async function restoredBy(git: Git, commit: string): Promise<CauseCommit | undefined> {
  const restored = (await git.commit(commit)).trailers["Plumbline-Restores"];
  if (restored === undefined || !(await isCommit(git, restored))) return undefined;
  return told(await git.commit(restored));
}

/** A trailer is written by anybody. */
async function isCommit(git: Git, id: string): Promise<boolean> {
  return /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(id) && (await git.find(id, ""))?.type === "tree";
}

function told({ id, subject, author, committedAt }: CommitInfo): CauseCommit {
  return { commit: id, subject, author, committedAt };
}

async function filesBetween(
  git: Git,
  path: string,
  from: string | undefined,
  to: string,
): Promise<readonly ChangedFile[]> {
  const [before, after] = [
    from === undefined ? new Map<string, string>() : await filesAt(git, from, path),
    await filesAt(git, to, path),
  ];
  const names = [...new Set([...before.keys(), ...after.keys()])].toSorted();
  return names.flatMap((name): readonly ChangedFile[] => {
    const [was, is] = [before.get(name), after.get(name)];
    if (was === is) return [];
    return [
      { path: `${path}/${name}`, change: was === undefined ? "added" : is === undefined ? "removed" : "changed" },
    ];
  });
}

async function filesAt(git: Git, commit: string, path: string): Promise<ReadonlyMap<string, string>> {
  const tree = await git.treeAt(commit, path);
  if (tree === undefined) return new Map();
  return new Map((await git.list(tree)).map((entry) => [entry.path, `${entry.mode} ${entry.id}`]));
}
