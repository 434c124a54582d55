import { createHash } from "node:crypto";
import type { Snapshot } from "../engine/snapshot.ts";
import type { LogFile, LogFiles } from "../history/delivery-log.ts";
import { applicationPage, logReadme } from "../history/log-readme.ts";
import { formatProblem } from "../model/problem.ts";
import type { StatusDocument } from "../model/status-document.ts";

/** What the delivery log's files are made with. */
export interface LogFileOptions {
  /** The page's own files, by their names. */
  readonly assets: ReadonlyMap<string, Uint8Array>;
  readonly documentOf: (snapshot: Snapshot) => StatusDocument;
}

/** How many applications one file of the page's data has, more or less: each decision writes one such file anew. */
const perPart = 8;

/**
 * The files of the delivery log beside the records, at a decision on the application `id`: README.md for people, the
 * application's page, and the status page with its data. What a decision costs must not grow with the fleet, so the data of
 * many applications lies in parts, of which only the application's own is written.
 */
export function logFiles({ assets, documentOf }: LogFileOptions, snapshot: Snapshot, id?: string): LogFiles {
  const { repository, applications } = snapshot;
  const { trouble, ...where } = repository;
  const about = { ...where, ...(trouble ? { trouble: formatProblem(trouble) } : {}) };
  const files = new Map<string, LogFile>([...assets].map(([name, content]) => [name, Buffer.from(content)]));
  files.set("README.md", logReadme({ repository: about, applications }));
  const own = applications.find(({ record }) => record.application === id);
  if (own) files.set(`${own.record.application}.md`, applicationPage(own));
  const count = partsFor(applications.length);
  if (count === 1) return files.set("status.json", text(documentOf(snapshot)));
  const parts = Array.from({ length: count }, (_, index) => `page/${count}/${index}.json`);
  files.set("status.json", text({ ...documentOf({ ...snapshot, applications: [] }), parts }));
  for (const [index, path] of parts.entries()) {
    const inPart = (): string =>
      text(
        documentOf({
          ...snapshot,
          applications: applications.filter((one) => partOf(one.record.application, count) === index),
        }),
      );
    files.set(path, own && partOf(own.record.application, count) === index ? inPart() : { once: inPart });
  }
  // Those of a smaller or larger fleet than it is now.
  return files.set(`page/${count / 2}`, null).set(`page/${count * 2}`, null);
}

/** A power of two, so that most fleets that grow keep their parts. */
function partsFor(applications: number): number {
  return 2 ** Math.max(0, Math.ceil(Math.log2(applications / perPart)));
}

function partOf(application: string, count: number): number {
  return createHash("sha256").update(application).digest().readUInt32BE(0) % count;
}

function text(document: StatusDocument): string {
  return `${JSON.stringify(document, undefined, 2)}\n`;
}
