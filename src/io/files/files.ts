/** What a folder holds at a path, with `/` between the parts and relative to that folder. */
export type FolderEntry =
  | { readonly kind: "file"; readonly path: string; readonly size: number; readonly executable: boolean }
  | { readonly kind: "link"; readonly path: string; readonly target: string }
  | { readonly kind: "folder"; readonly path: string };

/** What to write at a path of a folder. */
export type NewEntry =
  | { readonly kind: "file"; readonly path: string; readonly content: Buffer; readonly executable: boolean }
  | { readonly kind: "link"; readonly path: string; readonly target: string };

/** The door to files of this machine. */
export interface Files {
  /** Runs `use` with a fresh folder of this user alone, and removes it whatever happens. */
  withTempFolder<T>(use: (folder: string) => Promise<T>): Promise<T>;
  /** Writes new entries below a folder; paths are the caller's to check, and nothing that exists is overwritten. */
  write(folder: string, entries: readonly NewEntry[]): Promise<void>;
  /** Everything below a folder, links not followed, in the order of paths; sockets and devices are left out. */
  list(folder: string): Promise<readonly FolderEntry[]>;
  /** A file's bytes, piece by piece. */
  read(path: string): AsyncIterable<Uint8Array>;
}

/** What was once worked out and can be worked out again: small JSON values by key, kept between runs. */
export interface Cache {
  get(key: string): Promise<unknown>;
  put(key: string, value: unknown): Promise<void>;
}
