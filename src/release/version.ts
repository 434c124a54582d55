/** How a commit is called: by the tag that points at it, or by its id. */
export interface Version {
  /** For people: the tag without its leading v, or the first seven digits of the commit's id. */
  readonly version: string;
  /** What images are tagged with: the Git tag as written, or the full commit id. */
  readonly tag: string;
}

/**
 * The version of a commit. Of several tags the highest version number wins, and any version number before other names;
 * tags that an image cannot carry (a slash, a plus sign) do not count.
 */
export function versionOf(commit: string, tags: readonly string[]): Version {
  const [best] = tags.filter((tag) => /^\w[\w.-]{0,127}$/.test(tag)).toSorted(byVersion);
  if (best === undefined) return { version: commit.slice(0, 7), tag: commit };
  return { version: best.replace(/^v(?=\d)/, ""), tag: best };
}

/** Highest first, as semantic versioning orders them; names that are no versions last. */
function byVersion(left: string, right: string): number {
  const [a, b] = [parse(left), parse(right)];
  if (a === undefined || b === undefined) {
    if (a !== undefined) return -1;
    if (b !== undefined) return 1;
    return left < right ? 1 : -1;
  }
  for (const [index, part] of a.numbers.entries()) {
    const other = b.numbers[index] ?? 0;
    if (part !== other) return other - part;
  }
  return bySuffix(a.suffix, b.suffix) || (left < right ? 1 : -1);
}

/** A version before its own pre-releases; those by their parts, numbers by value and before words. */
function bySuffix(left: string, right: string): number {
  if (left === right) return 0;
  if (left === "" || right === "") return left === "" ? -1 : 1;
  const [a, b] = [left.split("."), right.split(".")];
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const [mine, other] = [a[index], b[index]];
    if (mine === other) continue;
    if (mine === undefined || other === undefined) return mine === undefined ? 1 : -1;
    const numbers = [mine, other].map((part) => (/^\d+$/.test(part) ? Number(part) : Number.POSITIVE_INFINITY));
    if (numbers[0] !== numbers[1]) return (numbers[0] ?? 0) < (numbers[1] ?? 0) ? 1 : -1;
    return mine < other ? 1 : -1;
  }
  return 0;
}

function parse(tag: string): { readonly numbers: readonly number[]; readonly suffix: string } | undefined {
  const match = /^v?(\d+)\.(\d+)(?:\.(\d+))?(?:-(.*))?$/.exec(tag);
  if (!match) return undefined;
  return { numbers: [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)], suffix: match[4] ?? "" };
}
