import type { FileChanges, Git } from "../io/git/git.ts";
import type { DeliveryRecord } from "../model/record.ts";
import { parseRecord, pathOf } from "./record-text.ts";

/** Commits of the log that are read at a time: so many for each application, and at most. */
const pageOfOne = 50;
const longestPage = 10_000;
/** An application that flaps must not make reading endless. */
const mostPages = 10;
/** More files than these are asked for by their directories. */
const mostFiles = 50;

/**
 * The past deliveries of applications as a commit of the log has them, newest first, each with its last record; at most `limit` of
 * each. One walk tells of them all: an engine that starts asks for its whole fleet.
 */
export async function readHistories(
  git: Git,
  head: string,
  applications: readonly string[],
  limit: number,
): Promise<ReadonlyMap<string, readonly DeliveryRecord[]>> {
  const histories = new Map(applications.map((id): [string, readonly DeliveryRecord[]] => [id, []]));
  const page = Math.min(longestPage, pageOfOne * applications.length);
  let from: string | undefined = head;
  for (let pages = 0; from !== undefined && pages < mostPages; pages += 1) {
    const open = [...histories].filter(([, deliveries]) => deliveries.length < limit);
    if (open.length === 0) break;
    const changes: readonly FileChanges[] = await git.changes(from, pathsOf(open.map(([id]) => id)), page);
    for (const [id, deliveries] of open) {
      const blobs = changes.flatMap(({ files }) => files.get(pathOf(id)) ?? []);
      if (blobs.length > 0) histories.set(id, await longer(git, id, deliveries, blobs, limit));
    }
    from = changes.length < page ? undefined : changes.at(-1)?.parent;
  }
  return histories;
}

async function longer(
  git: Git,
  application: string,
  newer: readonly DeliveryRecord[],
  blobs: readonly string[],
  limit: number,
): Promise<readonly DeliveryRecord[]> {
  const deliveries = [...newer];
  // Of one that flaps among thousands a page may have thousands of records, which must not be in memory all at once.
  for (let at = 0; at < blobs.length && deliveries.length < limit; at += pageOfOne) {
    const contents = await git.blobs(blobs.slice(at, at + pageOfOne));
    for (const blob of blobs.slice(at, at + pageOfOne)) {
      if (deliveries.length >= limit) break;
      const content = contents.get(blob);
      const record = content && parseRecord(content, application);
      const before = deliveries.at(-1);
      if (record && !(before && sameDelivery(before, record))) deliveries.push(record);
    }
  }
  return deliveries;
}

function pathsOf(applications: readonly string[]): readonly string[] {
  if (applications.length <= mostFiles) return applications.map(pathOf);
  return [...new Set(applications.map((id) => id.slice(0, id.indexOf("/"))))];
}

function sameDelivery(left: DeliveryRecord, right: DeliveryRecord): boolean {
  return left.revision.commit === right.revision.commit && left.startedAt === right.startedAt;
}
