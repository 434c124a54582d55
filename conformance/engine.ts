import type { Repository } from "./repository.ts";

/** What an engine is started with: one repository, one cluster, for one behaviour. */
export interface Task {
  /** Short and unique: part of the names of what belongs to this engine. */
  readonly id: string;
  readonly repository: Repository;
  /** A folder for what it keeps on this machine. */
  readonly folder: string;
  readonly kubeconfig: string;
  /** The namespaces that the repository's applications are delivered to. */
  readonly namespaces: readonly string[];
  /** How many are to run; one of them acts. */
  readonly replicas: number;
}

/** What an engine says of an application's newest delivery, in the words of design 5. */
export interface Said {
  readonly outcome: string;
  readonly reason: string;
  readonly message: string;
  readonly commit: string;
  readonly remedy?: string;
  /** The objects whose changes behind Git's back were undone, with the manager that did it. */
  readonly drift: readonly { readonly kind: string; readonly name: string; readonly manager: string }[];
}

/** An engine that follows a repository. */
export interface RunningEngine {
  says(application: string): Said | undefined;
  /** Asks its page and answers the status code; absent where it has no page. */
  readonly ask?: (method: string, path: string) => Promise<number>;
  /** The account that it has in the cluster, where that is one of its own. */
  readonly account?: string;
  /** Ends the one that acts, without a word of warning, and does not start it again by itself. */
  killLeader(): Promise<void>;
  /** Ends it in good order; what it delivered stays. */
  stop(): Promise<void>;
}

/** How an engine is started and told of a repository. An adapter for another engine is one more of these. */
export interface EngineAdapter {
  readonly name: string;
  /** Behaviours that this engine does not claim, by number, each with its reason. */
  readonly doesNotClaim: ReadonlyMap<string, string>;
  start(task: Task): Promise<RunningEngine>;
}
