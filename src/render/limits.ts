/** The bounds of what one application may bring; far above honest use, far below what would hurt the engine. */
export const limits = {
  files: 5000,
  /** Of a path below the application's directory; what is longer has no place on many file systems. */
  pathBytes: 1024,
  fileBytes: 2 * 1024 * 1024,
  documents: 5000,
  /** Aliases in one document. */
  aliases: 1000,
  depth: 100,
  /** Values of one document once its aliases stand for what they name. */
  values: 200_000,
  /** Problems that are reported at once. */
  problems: 50,
} as const;

/** How much one rendering may cost. */
export interface Portion {
  /** Of what is read. */
  readonly bytes: number;
  /** Values that the build of a kustomization looks at. */
  readonly looks: number;
  /** Letters of all objects that come out, as JSON. */
  readonly letters: number;
}

/** What any application may cost. */
export const wholePortion: Portion = { bytes: 32 * 1024 * 1024, looks: 20_000_000, letters: 64 * 1024 * 1024 };

/** What is done in a few hundredths of a second, so that nothing is kept waiting by it. */
export const smallPortion: Portion = { bytes: 128 * 1024, looks: 200_000, letters: 512 * 1024 };

/** The codes of the problems that say that a rendering costs more than its portion. */
export const beyondPortion: ReadonlySet<string> = new Set(["manifests-too-large", "kustomization-too-large"]);
