/** One commit of an application, as the status document names it. */
export interface Revision {
  readonly commit: string;
  readonly tree: string;
  readonly subject: string;
  readonly author: string;
  readonly committedAt: string;
}

/** One past delivery; durations are milliseconds, times ISO 8601. */
export interface Delivery {
  readonly revision: Revision;
  readonly outcome: string;
  readonly message: string;
  readonly startedAt: string;
  readonly durationMs?: number;
  readonly rollback?: { readonly commit: string; readonly restores: { readonly commit: string } };
  readonly promotedFrom?: { readonly from: string; readonly commit: string };
}

/** One pod of a rollout. */
export interface Pod {
  readonly name: string;
  readonly workload: string;
  readonly generation: "new" | "old";
  readonly phase: string;
  readonly ready: boolean;
  readonly restarts: number;
  readonly message: string;
}

/** Names an object of the cluster. */
export interface Reference {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** A live change that was undone. */
export interface Drift {
  readonly ref: Reference;
  readonly manager: string;
  readonly fields: readonly string[];
  readonly at: string;
  readonly undoneMs: number;
  readonly leftAloneUntil?: string;
}

/** Images on their way from one environment to the next. */
export interface Promotion {
  readonly from: string;
  readonly commit: string;
  readonly outcome: string;
  readonly message: string;
  readonly remedy?: string;
  readonly by?: string;
}

/** What was last proved healthy. */
export interface Live {
  readonly commit: string;
  readonly tree: string;
  readonly healthyAt: string;
  readonly images: readonly string[];
}

/** One application of the status document. */
export interface Application {
  readonly id: string;
  readonly name: string;
  readonly environment: string;
  readonly cluster?: string;
  readonly wanted: { readonly revision: Revision; readonly images: readonly string[] };
  readonly live?: Live;
  readonly inSync: boolean;
  readonly outcome: string;
  readonly message: string;
  readonly remedy?: string;
  readonly startedAt: string;
  readonly decidedAt?: string;
  readonly next?: { readonly who: string; readonly at?: string; readonly message: string };
  readonly canary?: { readonly pods: number; readonly beside: number; readonly passedAt?: string };
  readonly promotion?: Promotion;
  readonly objects: readonly {
    readonly ref: Reference;
    readonly health: { readonly status: string; readonly message: string };
    readonly inSync: boolean;
  }[];
  readonly pods: readonly Pod[];
  readonly drift: readonly Drift[];
  readonly history: readonly Delivery[];
}

/** The parts of the status document that the page shows; the engine's own model says what each means. */
export interface StatusDocument {
  readonly generatedAt: string;
  readonly engine: { readonly version: string };
  readonly repository: {
    readonly url: string;
    readonly branch: string;
    readonly commit?: string;
    readonly reachable: boolean;
    readonly trouble?: string;
    readonly fetchedAt?: string;
  };
  readonly untold?: readonly { readonly receiver: string; readonly message: string }[];
  readonly applications: readonly Application[];
  /** Files that have the applications, where they are many. */
  readonly parts?: readonly string[];
}

/** What the backend says of itself. */
export interface Metadata {
  readonly name?: string | null;
  readonly version?: string | null;
  readonly commit?: string | null;
  readonly digest?: string | null;
  readonly started?: string | null;
  readonly pod?: string | null;
  readonly node?: string | null;
  readonly environment?: string | null;
}

/** A document of the one schema that this page knows; anything else is no document. */
export function readDocument(value: unknown): StatusDocument | undefined {
  const document = value as Partial<StatusDocument & { readonly schema: number }> | null | undefined;
  if (document?.schema !== 1 || !Array.isArray(document.applications) || !document.repository) return undefined;
  return document as StatusDocument;
}

/**
 * A document with the news since: all of it but the applications that are as they were. `ids` names every application, in its
 * order. Undefined where the news is of something that is not known here.
 */
export function withNews(known: StatusDocument | undefined, value: unknown): StatusDocument | undefined {
  const news: (StatusDocument & { readonly ids?: readonly string[] }) | undefined = readDocument(value);
  if (!known || !news || !Array.isArray(news.ids)) return undefined;
  const all = new Map([...known.applications, ...news.applications].map((each) => [each.id, each]));
  const applications = news.ids.flatMap((id) => all.get(id) ?? []);
  return applications.length === news.ids.length ? { ...news, applications } : undefined;
}
