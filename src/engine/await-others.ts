import { isAt } from "../history/is-at.ts";
import type { Application } from "../model/application.ts";
import type { DeliveryRecord } from "../model/record.ts";
import { shortId } from "../model/revision.ts";
import type { Io } from "./reconcile.ts";
import { isPutOff } from "./records.ts";

/** Whom a revision waits for before it begins, and what a person must do where only a person can end the wait. */
export interface Awaited {
  readonly message: string;
  readonly remedy?: string;
}

/**
 * What an application that says `after:` still waits for at `head` (behaviour R6); undefined once it may begin. What has
 * begun is never stopped by it, and a rollback waits for nobody. One that fails or is held keeps back only what came by the
 * very same commit, so that nobody's trouble outlives a newer commit.
 */
export async function awaitOthers(
  io: Pick<Io, "git" | "known">,
  { after }: Application,
  record: DeliveryRecord,
  head: string,
): Promise<Awaited | undefined> {
  const isNew = record.reason === "Applying" || isPutOff(record) || record.outcome === "refused";
  if (!isNew || record.revision.undoes !== undefined) return undefined;
  for (const id of after) {
    const awaited = await awaitOne(io, id, record.revision.commit, head);
    if (awaited) return awaited;
  }
  return undefined;
}

async function awaitOne(
  io: Pick<Io, "git" | "known">,
  id: string,
  commit: string,
  head: string,
): Promise<Awaited | undefined> {
  const other = io.known(id);
  const record = other?.records[0];
  if (!record || !(await isAt(io.git, head, other.application.path, record.revision)))
    return { message: `waits for ${id}, which has not begun yet` };
  const remedy = `fix ${id} with a new commit, or change this application again to deliver it without`;
  if (record.revision.undoes === commit) {
    return { message: `waits for ${id}, whose part of ${shortId(commit)} failed and was rolled back`, remedy };
  }
  if (record.lastHealthy?.tree === record.revision.tree) return undefined;
  const message = `waits for ${id}, which is ${record.outcome}: ${record.message}`;
  if (record.outcome !== "held" && record.outcome !== "refused") return { message };
  return record.revision.commit === commit ? { message, remedy } : undefined;
}
