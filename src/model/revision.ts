/** A directory outside of an application's own that its kustomization is made of, and the tree that it has. */
export interface Base {
  readonly path: string;
  readonly tree: string;
}

/** What an application is made of: the same content asks for the same thing, whatever the commit. */
export interface Content {
  /** The id of the directory's tree; where there are bases, a hash of that and of theirs, which is no object of Git. */
  readonly tree: string;
  /** Where there are bases: the id of the directory's own tree, and theirs in the order of their paths. */
  readonly composed?: { readonly directory: string; readonly bases: readonly Base[] };
}

/** The id of the tree that Git has at the application's directory. */
export function directoryTree({ tree, composed }: Content): string {
  return composed?.directory ?? tree;
}

/**
 * One state of an application in Git: its content, and the commit of the tracked branch that brought it. Times are ISO 8601
 * in UTC.
 */
export interface Revision extends Content {
  readonly commit: string;
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
