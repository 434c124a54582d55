import { createHash } from "node:crypto";
import { ProblemError } from "../model/problem.ts";
import type { Problem } from "../model/problem.ts";
import type { DeliveryRecord } from "../model/record.ts";
import type { Git, TreeChange } from "../io/git/git.ts";
import { inTurns } from "./in-turns.ts";
import { logMessage } from "./log-message.ts";
import { readHistories } from "./read-histories.ts";
import { parseRecord, pathOf, recordText } from "./record-text.ts";
import { plumbline } from "./signature.ts";

/** The branch that holds the deployment history (behaviour V1). */
export const logBranch = "plumbline/log";

/** A file of the branch: its content, null to remove it, or `once`: made only where the branch has nothing at that path. */
export type LogFile = string | Buffer | null | { readonly once: () => string };

/** Files of the branch by their path. */
export type LogFiles = ReadonlyMap<string, LogFile>;

/** One decision to write: the record, when it was made, and further files such as the page and its data. */
export interface LogEntry {
  readonly record: DeliveryRecord;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  readonly files?: LogFiles;
}

/** Something to say of the repository as a whole, with the files that show it. Times are milliseconds since the epoch. */
export interface LogNote {
  /** The subject of the commit. */
  readonly message: string;
  readonly atMs: number;
  readonly files: LogFiles;
}

/** How a write ended; `unchanged` when the branch says all of it already, so that nothing had to be written. */
export type LogResult =
  | { readonly kind: "written" | "unchanged"; readonly commit: string }
  | { readonly kind: "denied" | "unreachable"; readonly problem: Problem };

/** The delivery log of a deployment repository (docs/delivery-log.md): one commit a decision, one JSON file an application. */
export interface DeliveryLog {
  /** Writes in turn; a race with another writer is resolved by reading and committing again. */
  write(entry: LogEntry): Promise<LogResult>;
  /** Writes files that belong to no application's record, in turn with the rest. */
  note(note: LogNote): Promise<LogResult>;
  /** True once after the branch, as of the last fetch, was moved by anybody but this log. */
  hasStrayed(): Promise<boolean>;
  /** Whether the branch, as of the last fetch, has this very record; false where a damaged mirror cannot tell. */
  says(record: DeliveryRecord): Promise<boolean>;
  /** The newest readable record of an application, as of the last fetch. */
  readRecord(application: string): Promise<DeliveryRecord | undefined>;
  /** The newest record of every application, by id. */
  readRecords(): Promise<ReadonlyMap<string, DeliveryRecord>>;
  /** Past deliveries of each, newest first, with their last records; the newest may still be going on. */
  readHistories(
    applications: readonly string[],
    limit: number,
  ): Promise<ReadonlyMap<string, readonly DeliveryRecord[]>>;
}

/** Opens the delivery log; make one per repository, since writes through the same log take turns. */
export function deliveryLog(git: Git): DeliveryLog {
  /** The newest commit of the branch that was written or known here. */
  let tip: string | undefined;
  let strayed = false;
  const look = (head: string | undefined): void => {
    strayed ||= tip !== undefined && head !== tip;
    tip = head;
  };
  const inTurn = inTurns(
    async (notes: readonly LogNote[]) => {
      const results = await write(git, notes, look);
      const newest = results.at(-1);
      if (newest && "commit" in newest) tip = newest.commit;
      return results;
    },
    ({ kind }) => kind === "denied",
  );
  return {
    write({ record, atMs, files = new Map() }) {
      const own = [pathOf(record.application), recordText(record)] as const;
      return inTurn({ message: logMessage(record), atMs, files: new Map([...files, own]) });
    },
    note: inTurn,
    async hasStrayed() {
      // In the middle of a write this may be its own: then it is asked in vain what the branch still says.
      look(await git.branch(logBranch));
      const answer = strayed;
      strayed = false;
      return answer;
    },
    async says(record) {
      const head = await git.branch(logBranch);
      const there = head === undefined ? undefined : await git.find(head, pathOf(record.application)).catch(unreadable);
      return there !== undefined && blobId(recordText(record), there.id.length) === there.id;
    },
    async readRecord(application) {
      const head = await git.branch(logBranch);
      if (head === undefined) return undefined;
      const now = await recordAt(git, head, application);
      return now ?? (await readHistories(git, head, [application], 1)).get(application)?.[0];
    },
    readRecords: () => readRecords(git),
    async readHistories(applications, limit) {
      const head = await git.branch(logBranch);
      return head === undefined ? new Map() : readHistories(git, head, applications, limit);
    },
  };
}

/** Writes a commit for each note and pushes them all at once: when many decide at the same time, the pushes are the cost. */
async function write(
  git: Git,
  notes: readonly LogNote[],
  look: (head: string | undefined) => void,
): Promise<readonly LogResult[]> {
  for (;;) {
    const head = await git.branch(logBranch);
    look(head);
    const written = await commitEach(git, head, notes);
    const tip = written.at(-1)?.commit;
    if (tip === undefined || tip === head) return written;
    const failed = (problem: Problem, kind: "denied" | "unreachable" = "unreachable"): readonly LogResult[] =>
      written.map((result) => (result.commit === head ? result : { kind, problem }));
    const pushed = await git.push(tip, logBranch, head);
    if (pushed.kind === "pushed") return written;
    if (pushed.kind !== "moved") return failed(pushed.problem, pushed.kind);
    const fetched = await git.fetch();
    if (!fetched.ok) return failed(fetched.problem);
    // Each turn answers a push that somebody else won: without one there is no reason to try the same again.
    if (fetched.branches.get(logBranch) === head) return failed(stuck(git));
  }
}

/** One commit for each note, each on top of the one before; for a note that the branch holds already, the commit that holds it. */
async function commitEach(
  git: Git,
  head: string | undefined,
  notes: readonly LogNote[],
): Promise<readonly Extract<LogResult, { readonly commit: string }>[]> {
  const written: Extract<LogResult, { readonly commit: string }>[] = [];
  for (const { message, atMs, files } of notes) {
    const parent: string | undefined = written.at(-1)?.commit ?? head;
    const changes = await changesTo(git, parent, files);
    if (parent !== undefined && changes.size === 0) {
      written.push({ kind: "unchanged", commit: parent });
      continue;
    }
    const base = parent === undefined ? undefined : (await git.commit(parent)).tree;
    const commit = await git.writeCommit({
      tree: await git.writeTree(base, changes),
      parents: parent === undefined ? [] : [parent],
      message,
      signature: plumbline(atMs / 1000),
    });
    written.push({ kind: "written", commit });
  }
  return written;
}

/** Those of these files that the branch does not hold yet. Most decisions change few of them; the others cost only a look. */
async function changesTo(
  git: Git,
  head: string | undefined,
  files: LogFiles,
): Promise<ReadonlyMap<string, TreeChange | null>> {
  const changes = await Promise.all([...files].map(([path, file]) => changeTo(git, head, path, file)));
  return new Map(changes.filter((change) => change !== undefined));
}

async function changeTo(
  git: Git,
  head: string | undefined,
  path: string,
  file: LogFile,
): Promise<readonly [string, TreeChange | null] | undefined> {
  const there = head === undefined ? undefined : await git.find(head, path);
  if (file === null) return there && [path, null];
  const isOnce = typeof file === "object" && "once" in file;
  if (there && isOnce) return undefined;
  const content = isOnce ? file.once() : file;
  if (there && blobId(content, there.id.length) === there.id) return undefined;
  return [path, { mode: "100644", id: await git.writeBlob(content) }];
}

/** The id that git gives a content, in the length of the repository's ids: asking git takes a process. */
function blobId(content: string | Buffer, length: number): string {
  const bytes = Buffer.from(content);
  return createHash(length === 64 ? "sha256" : "sha1")
    .update(`blob ${bytes.length}\0`)
    .update(bytes)
    .digest("hex");
}

/** Writing again what cannot be read is in vain at worst: where it was there all the same, nothing changes. */
function unreadable(error: unknown): undefined {
  if (!(error instanceof ProblemError)) throw error;
}

function stuck(git: Git): Problem {
  return {
    code: "log-not-written",
    message: `The branch ${logBranch} of ${git.url} refuses a commit although nobody else wrote to it.`,
    remedy: "It is tried again with the next decision; look for a rule or a left-over lock on that branch.",
  };
}

/** The record of an application as a commit of the log has it; undefined where there is none that can be read. */
export async function recordAt(git: Git, commit: string, application: string): Promise<DeliveryRecord | undefined> {
  const found = await git.find(commit, pathOf(application));
  if (found?.type !== "blob") return undefined;
  const content = (await git.blobs([found.id])).get(found.id);
  return content && parseRecord(content, application);
}

async function readRecords(git: Git): Promise<ReadonlyMap<string, DeliveryRecord>> {
  const head = await git.branch(logBranch);
  if (head === undefined) return new Map();
  const entries = (await git.list((await git.commit(head)).tree)).filter((entry) =>
    /^[^/]+\/[^/]+\.json$/.test(entry.path),
  );
  const blobs = await git.blobs(entries.map((entry) => entry.id));
  const records = entries.flatMap((entry): readonly [string, DeliveryRecord][] => {
    const application = entry.path.slice(0, -".json".length);
    const content = blobs.get(entry.id);
    const record = content && parseRecord(content, application);
    return record ? [[application, record]] : [];
  });
  return new Map(records);
}
