import type { Clock } from "../io/clock/clock.ts";
import type { Git } from "../io/git/git.ts";
import { ProblemError } from "../model/problem.ts";
import type { Problem } from "../model/problem.ts";
import { readDeployment } from "../source/deployment.ts";
import type { Deployment } from "../source/deployment.ts";
import type { Repository } from "./snapshot.ts";

/** What a tracked branch is followed with. Times are milliseconds. */
export interface TrackedBranchOptions {
  readonly git: Git;
  readonly clock: Clock;
  /** From 0 up to but not 1; spreads the polls. */
  readonly random: () => number;
  readonly branch: string;
  readonly pollMs: number;
  /** The newest commit that can be delivered; not called again for the same one. */
  readonly onDeployment: (deployment: Deployment) => Promise<void>;
  /** What can be said of the repository as a whole has changed: it is in trouble, in another one, or out of it. */
  readonly onTrouble: (problem: Problem | undefined) => Promise<void>;
  /** After each fetch. */
  readonly onFetched: () => void;
}

/**
 * Follows the tracked branch: fetches on a push to a remote on this machine and by polling, and reads what the newest commit
 * asks for. A commit whose delivery.yaml is broken changes nothing: the last good one before it goes on, also for an engine
 * that starts with it.
 */
export class TrackedBranch {
  readonly #options: TrackedBranchOptions;
  #repository: Repository;
  /** The newest commit that was looked at, and why it cannot be delivered. */
  #seen: string | undefined;
  #broken: Problem | undefined;
  #good: Deployment | undefined;
  /** The commit whose deployment was handed on to its end. */
  #taken: string | undefined;
  #told: string | undefined;
  /** Fetches in a row that did not reach the remote. */
  #failures = 0;
  #fetching: Promise<void> | undefined;
  #fetchAgain = false;
  #cancelPoll = (): void => {};
  #endWatch = (): void => {};
  #stopped = false;

  constructor(options: TrackedBranchOptions) {
    this.#options = options;
    this.#repository = { url: options.git.url, branch: options.branch, reachable: true };
  }

  /** What there is to show of the repository. */
  get repository(): Repository {
    return this.#repository;
  }

  /** The commit that is delivered: the newest whose delivery.yaml can be read. */
  get head(): string | undefined {
    return this.#good?.commit;
  }

  /** Why the newest commit is not the one that is delivered. */
  get broken(): Problem | undefined {
    return this.#broken;
  }

  async start(): Promise<void> {
    this.#endWatch = this.#options.git.onLocalPush(() => void this.refresh());
    await this.refresh();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#endWatch();
    await this.#fetching;
    this.#cancelPoll();
  }

  /** Fetches and reads. Calls during a fetch lead to one more. */
  refresh(): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    if (this.#fetching) {
      this.#fetchAgain = true;
      return this.#fetching;
    }
    this.#fetching = this.#fetchOnce().finally(() => {
      this.#fetching = undefined;
      if (this.#fetchAgain) {
        this.#fetchAgain = false;
        void this.refresh();
      }
    });
    return this.#fetching;
  }

  async #fetchOnce(): Promise<void> {
    const { git, clock, random, onFetched, onTrouble } = this.#options;
    this.#cancelPoll();
    let trouble: Problem | undefined;
    try {
      const result = await git.fetch();
      const fetched = result.ok ? { fetchedAt: new Date(clock.now()).toISOString() } : {};
      this.#repository = { ...this.#repository, ...fetched, reachable: result.ok };
      this.#failures = result.ok ? 0 : this.#failures + 1;
      // Without the remote the mirror still says what was fetched last, after a start of the engine as well.
      const unread = await this.#read();
      trouble = result.ok ? unread : result.problem;
    } catch (error) {
      trouble = problemOf(error);
    }
    const { trouble: _, ...repository } = this.#repository;
    this.#repository = trouble ? { ...repository, trouble } : repository;
    const said = trouble && JSON.stringify(trouble);
    const isNews = said !== this.#told;
    this.#told = said;
    if (isNews) await onTrouble(trouble);
    if (!this.#stopped)
      this.#cancelPoll = clock.at(clock.now() + this.#delayMs() * (0.9 + 0.2 * random()), () => void this.refresh());
    onFetched();
  }

  /** After a blip the remote is asked again soon; while it stays away ever less often, so that it is not held down. */
  #delayMs(): number {
    const { pollMs } = this.#options;
    if (this.#failures === 0) return pollMs;
    return Math.min(firstRetryMs * 2 ** (this.#failures - 1), Math.max(pollMs, longestRetryMs));
  }

  /** Looks at the newest commit; answers why it cannot be delivered. */
  async #read(): Promise<Problem | undefined> {
    const { git, branch, onDeployment } = this.#options;
    const head = await git.branch(branch);
    if (head === undefined) return noBranch(branch, git.url);
    if (head === this.#seen) return this.#broken;
    const read = await readDeployment(git, head);
    // Not the one that was good last here: others may have been pushed since, or it may be gone from the branch.
    const deployment = read.ok ? read.value : ((await lastGood(git, head)) ?? this.#good);
    if (deployment && deployment.commit !== this.#taken) {
      this.#good = deployment;
      await onDeployment(deployment);
      this.#taken = deployment.commit;
    }
    this.#repository = { ...this.#repository, commit: head };
    this.#broken = read.ok ? undefined : read.problems[0];
    this.#seen = head;
    return this.#broken;
  }
}

const firstRetryMs = 1000;
const longestRetryMs = 60_000;

/** Changes of delivery.yaml that are looked back over for one that can be read. */
const mostBroken = 20;

/** The newest commit before `head` whose delivery.yaml can be read. */
async function lastGood(git: Git, head: string): Promise<Deployment | undefined> {
  for (const { parents } of await git.log(head, "delivery.yaml", mostBroken)) {
    const [before] = parents;
    const read = before === undefined ? undefined : await readDeployment(git, before);
    if (read?.ok) return read.value;
  }
  return undefined;
}

function noBranch(branch: string, url: string): Problem {
  return {
    code: "branch-not-found",
    message: `the repository ${url} has no branch ${branch} yet`,
    remedy: "push it, or name another branch with --branch",
  };
}

/** What was thrown, as a problem; what nobody foresaw is called a defect and keeps its stack. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: "defect", message: `a defect of Plumbline: ${detail}` };
}
