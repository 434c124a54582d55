/**
 * One state of an application in Git: the commit of the tracked branch, and the id of the tree at the application's
 * directory. Two revisions with the same tree ask for the same thing, whatever their commits. Times are ISO 8601 in UTC.
 */
export interface Revision {
  readonly commit: string;
  readonly tree: string;
  readonly subject: string;
  readonly author: string;
  readonly committedAt: string;
  /** The commit that this one undoes, from the trailers of a rollback commit. */
  readonly undoes?: string;
}

/** The first eight hex digits, as commits are shown to people. */
export function shortId(id: string): string {
  return id.slice(0, 8);
}
