/** The directories that a revision is made of, by their paths in the repository; there is nothing beside them. */
export interface Sources {
  /** What stands at a path; undefined where nothing does. */
  kind(path: string): "file" | "directory" | undefined;
  /** The content of a file. */
  read(path: string): Promise<Buffer>;
}
