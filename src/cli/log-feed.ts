import { logBranch } from "../history/delivery-log.ts";
import type { Git } from "../io/git/git.ts";
import { ProblemError } from "../model/problem.ts";
import type { Problem } from "../model/problem.ts";
import type { StatusDocument } from "../model/status-document.ts";
import { unlessAborted } from "./ending.ts";

/** Where status documents come from as things change: an engine's page, or the delivery log. */
export interface Feed {
  /** The first document that fits; a problem that says what was waited for when none came within `timeoutMs`. */
  until(what: string, fits: (document: StatusDocument) => boolean, timeoutMs: number): Promise<StatusDocument>;
  /** Calls `listener` with each new document until the returned function is called. */
  follow(listener: (document: StatusDocument) => void): () => void;
  close(): void;
}

/** How often a remote is asked that does not tell of pushes, in milliseconds, unless someone says otherwise. */
const defaultPollMs = 3000;
/** How seldom at most one is asked that cannot be read. */
const longestPollMs = 60_000;

/** How a delivery log is followed. */
export interface LogFeedOptions {
  /** How often a remote is asked that does not tell of pushes; default 3 s. */
  readonly pollMs?: number;
  /** After each look: why it could not be read, undefined when it could. */
  readonly onTrouble?: (problem: Problem | undefined) => void;
}

/** Fetches and reads the status document of the delivery log. Rejects with `ProblemError` where there is none. */
export async function readLog(git: Git): Promise<StatusDocument> {
  const fetched = await git.fetch();
  if (!fetched.ok) throw new ProblemError(fetched.problem);
  const head = await git.branch(logBranch);
  const { parts = [], ...document } = (head === undefined ? undefined : await readJson(git, head, "status.json")) ?? {};
  if (head !== undefined && "generatedAt" in document) {
    const read = await Promise.all(parts.map((path) => readJson(git, head, path)));
    const applications = [...document.applications, ...read.flatMap((part) => part?.applications ?? [])];
    return { ...document, applications: applications.toSorted((a, b) => (a.id < b.id ? -1 : 1)) };
  }
  throw new ProblemError({
    code: "no-delivery-log",
    message: `${git.url} has no delivery log: no engine has delivered from it yet`,
    remedy: "name the deployment repository with --repository, or start `plumb engine` on it",
  });
}

async function readJson(git: Git, commit: string, path: string): Promise<StatusDocument | undefined> {
  const found = await git.find(commit, path);
  const content = found && (await git.blobs([found.id])).get(found.id);
  return content && (JSON.parse(content.toString("utf8")) as StatusDocument);
}

/** Follows the delivery log of a repository: no access to an engine or a cluster is needed. */
export class LogFeed implements Feed {
  readonly #git: Git;
  readonly #signal: AbortSignal;
  readonly #listeners = new Set<(document: StatusDocument) => void>();
  readonly #end: () => void;
  #latest: StatusDocument | undefined;
  #reading: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(git: Git, signal: AbortSignal, { pollMs = defaultPollMs, onTrouble }: LogFeedOptions = {}) {
    this.#git = git;
    this.#signal = signal;
    let failures = 0;
    let timer: NodeJS.Timeout | undefined;
    const look = (): void => {
      clearTimeout(timer);
      this.#reading = this.#reading.then(async () => {
        const problem = await this.#look();
        failures = problem ? failures + 1 : 0;
        if (this.#closed) return;
        onTrouble?.(problem);
        clearTimeout(timer);
        timer = setTimeout(look, Math.min(longestPollMs, pollMs * 2 ** failures));
      });
    };
    const endWatch = git.onLocalPush(look);
    this.#end = (): void => {
      endWatch();
      clearTimeout(timer);
    };
    look();
  }

  follow(listener: (document: StatusDocument) => void): () => void {
    this.#listeners.add(listener);
    if (this.#latest) listener(this.#latest);
    return () => this.#listeners.delete(listener);
  }

  async until(what: string, fits: (document: StatusDocument) => boolean, timeoutMs: number): Promise<StatusDocument> {
    return untilFits(this, this.#signal, { what, fits, timeoutMs });
  }

  close(): void {
    this.#closed = true;
    this.#end();
  }

  /** Resolves when nothing is read any more: after `close`, the mirror can go. */
  settled(): Promise<void> {
    return this.#reading;
  }

  /** A remote that cannot be read now is asked again, later each time; whoever waits has a limit of its own. */
  async #look(): Promise<Problem | undefined> {
    if (this.#closed) return undefined;
    try {
      const document = await readLog(this.#git);
      if (document.generatedAt === this.#latest?.generatedAt) return undefined;
      this.#latest = document;
      for (const listener of this.#listeners) listener(document);
      return undefined;
    } catch (error) {
      return error instanceof ProblemError ? error.problem : { code: "log-unreadable", message: String(error) };
    }
  }
}

/** What someone waits for in a feed. */
export interface Awaited {
  readonly what: string;
  readonly fits: (document: StatusDocument) => boolean;
  readonly timeoutMs: number;
}

/** The first document of a feed that fits. Rejects with what was last seen when the time is over, or `Interrupted`. */
export async function untilFits(
  feed: Pick<Feed, "follow">,
  signal: AbortSignal,
  { what, fits, timeoutMs }: Awaited,
): Promise<StatusDocument> {
  let end = (): void => {};
  let timer: NodeJS.Timeout | undefined;
  let seen = "nothing";
  const found = new Promise<StatusDocument>((resolve, reject) => {
    timer = setTimeout(() => {
      const message = `${what}: not observed within ${timeoutMs / 1000} s (last seen: ${seen})`;
      reject(new ProblemError({ code: "not-observed", message }));
    }, timeoutMs);
    end = feed.follow((document) => {
      seen = document.applications.map(({ id, outcome, message }) => `${id} is ${outcome}: ${message}`).join("; ");
      if (fits(document)) resolve(document);
    });
  });
  try {
    return await unlessAborted(signal, found);
  } finally {
    clearTimeout(timer);
    end();
  }
}
