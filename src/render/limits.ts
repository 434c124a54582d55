/** The bounds of what one application may bring; far above honest use, far below what would hurt the engine. */
export const limits = {
  files: 5000,
  /** Of a path below the application's directory; what is longer has no place on many file systems. */
  pathBytes: 1024,
  fileBytes: 2 * 1024 * 1024,
  totalBytes: 32 * 1024 * 1024,
  documents: 5000,
  /** Aliases in one document. */
  aliases: 1000,
  depth: 100,
  /** Values of one document once its aliases stand for what they name. */
  values: 200_000,
  /** Values that one kustomization's build looks at. */
  looks: 20_000_000,
  /** Problems that are reported at once. */
  problems: 50,
} as const;
