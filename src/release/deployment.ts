import type { Git, TreeChange, TreeEntry } from "../io/git/git.ts";
import { ProblemError, type Problem } from "../model/problem.ts";
import type { ReleasedImage } from "../model/release.ts";
import { signatureOf, type ReleaseEvent, type ReleaseOptions } from "./doors.ts";
import { ProblemsError } from "./problems.ts";
import { pinnedReference, pinReferences, type Pin } from "./pin.ts";

/** Where the pins go. */
export interface DeploymentPlace {
  readonly path: string;
  readonly branch: string;
}

/** What was released, for the commit that says so. */
export interface Released {
  readonly commit: string;
  readonly version: string;
  readonly source: string | undefined;
  readonly images: readonly ReleasedImage[];
}

/** The deployment commit; `commit` is absent when everything was pinned already. */
export interface DeploymentOutcome {
  readonly commit?: string;
  /** `file:line` of each text that was changed. */
  readonly pinned: readonly string[];
}

/** So many writers in a row never are faster; something else is wrong then. */
const mostAttempts = 50;

/**
 * Pins the images at the place by one commit and pushes it. Where another writer was faster, the pins are put on top of
 * what is there now; nothing is ever forced. Rejects with `ProblemError`.
 */
export async function pinDeployment(
  git: Git,
  place: DeploymentPlace,
  released: Released,
  options: Pick<ReleaseOptions, "author" | "now" | "signal">,
  onEvent: (event: ReleaseEvent) => void,
): Promise<DeploymentOutcome> {
  for (let attempt = 1; attempt <= mostAttempts; attempt += 1) {
    options.signal?.throwIfAborted();
    const head = await fetchHead(git, place, options.signal);
    const changes = await pinnedFiles(git, head, place, released.images);
    const pinned = changes.flatMap((change) => change.places);
    if (pinned.length === 0) {
      onEvent({ kind: "unchanged", path: place.path });
      return { pinned };
    }
    const commit = await writePins(git, head, changes, place, released, options);
    const result = await git.push(commit, place.branch, head);
    if (result.kind === "pushed") {
      onEvent({ kind: "pinned", commit, places: pinned });
      return { commit, pinned };
    }
    if (result.kind !== "moved") throw new ProblemError(result.problem);
    onEvent({ kind: "raced", branch: place.branch, attempt });
  }
  throw new ProblemError({
    code: "deployment-busy",
    message: `The branch ${place.branch} of ${git.url} moved ${mostAttempts} times while the images were being pinned.`,
    remedy: "Release again when fewer writers are at work; the images are pushed and will be reused.",
  });
}

async function fetchHead(git: Git, { branch }: DeploymentPlace, signal: AbortSignal | undefined): Promise<string> {
  const fetched = await git.fetch(signal);
  if (!fetched.ok) throw new ProblemError(fetched.problem);
  const head = fetched.branches.get(branch);
  if (head !== undefined) return head;
  throw new ProblemError({
    code: "deployment-branch-missing",
    message: `The deployment repository ${git.url} has no branch ${branch}.`,
    where: { file: "release.yaml" },
    remedy: "Correct deployment.branch, or push a first commit with the manifests to that branch.",
  });
}

interface PinnedFile {
  readonly path: string;
  readonly mode: TreeChange["mode"];
  readonly text: string;
  readonly places: readonly string[];
}

/** The files whose text changes. A place at which an image does not occur at all is a mistake, and said. */
async function pinnedFiles(
  git: Git,
  head: string,
  { path, branch }: DeploymentPlace,
  images: readonly ReleasedImage[],
): Promise<readonly PinnedFile[]> {
  const tree = await git.treeAt(head, path === "." ? "" : path);
  if (tree === undefined) {
    throw new ProblemError({
      code: "deployment-path-missing",
      message: `The deployment repository ${git.url} has no directory ${path} on ${branch}.`,
      where: { file: "release.yaml" },
      remedy: "Correct deployment.path, or commit the manifests there first.",
    });
  }
  const manifests = (await git.list(tree)).filter(isManifest);
  const contents = await git.blobs(manifests.map((entry) => entry.id));
  const pins = images.map(({ repository, tag, digest }): Pin => ({ repository, tag, digest }));
  const referred = new Set<string>();
  const changed: PinnedFile[] = [];
  const broken: Problem[] = [];
  for (const entry of manifests) {
    const content = contents.get(entry.id) ?? Buffer.alloc(0);
    const file = path === "." ? entry.path : `${path}/${entry.path}`;
    const result = pinReferences(content.toString("utf8"), file, pins);
    if (!result.ok) {
      broken.push(...result.problems);
      continue;
    }
    const { text, places } = result.value;
    for (const { repository } of places) referred.add(repository);
    const lines = places.filter((found) => found.changed).map(({ line }) => `${file}:${line}`);
    if (lines.length === 0) continue;
    refuseOtherEncodings(content, file);
    changed.push({ path: file, mode: entry.mode === "100755" ? "100755" : "100644", text, places: lines });
  }
  if (broken.length > 0) throw new ProblemsError(broken);
  const missing = images.filter(({ repository }) => !referred.has(repository));
  if (missing.length > 0) throw missingReference(missing, path, git.url);
  return changed;
}

function isManifest({ path, type, mode }: TreeEntry): boolean {
  return type === "blob" && mode !== "120000" && /\.(ya?ml|json)$/.test(path);
}

/** Text that does not survive being read as UTF-8 would be damaged by writing it back. */
function refuseOtherEncodings(content: Buffer, file: string): void {
  if (Buffer.from(content.toString("utf8")).equals(content)) return;
  throw new ProblemError({
    code: "manifest-encoding",
    message: "is not UTF-8, so it cannot be changed without damage.",
    where: { file },
    remedy: "Save the file as UTF-8.",
  });
}

async function writePins(
  git: Git,
  head: string,
  changes: readonly PinnedFile[],
  place: DeploymentPlace,
  released: Released,
  options: Pick<ReleaseOptions, "author" | "now">,
): Promise<string> {
  const entries = await Promise.all(
    changes.map(async ({ path, mode, text }): Promise<[string, TreeChange]> => [
      path,
      { mode, id: await git.writeBlob(text) },
    ]),
  );
  const { tree } = await git.commit(head);
  return git.writeCommit({
    tree: await git.writeTree(tree, new Map(entries)),
    parents: [head],
    message: commitMessage(place, released),
    signature: signatureOf(options),
  });
}

/** `Release probe 1.2.0 to staging`, the images, and trailers for machines. */
export function commitMessage({ path }: DeploymentPlace, { commit, version, source, images }: Released): string {
  const parts = path.split("/");
  const application = parts.length > 1 ? `${parts.at(-1) ?? ""} ` : "";
  const environment = path === "." ? "" : ` to ${parts.length > 1 ? parts.slice(0, -1).join("/") : path}`;
  const trailers = [
    `Plumbline-Release: ${commit}`,
    ...(source === undefined ? [] : [`Plumbline-Source: ${source}`]),
    ...images.map((image) => `Plumbline-Image: ${pinnedReference(image)}`),
  ];
  return [
    `Release ${application}${version}${environment}`,
    "",
    `Pins what was built from commit ${commit.slice(0, 12)}: ${images.map(({ name }) => name).join(", ")}.`,
    "",
    ...trailers,
    "",
  ].join("\n");
}

function missingReference(images: readonly ReleasedImage[], path: string, url: string): ProblemError {
  const names = images.map(({ repository }) => repository).join(" and ");
  return new ProblemError({
    code: "image-not-referenced",
    message: `No manifest at ${path} of ${url} refers to ${names}, so there is nothing to pin.`,
    where: { file: path },
    remedy: `Write image: ${images[0]?.repository ?? ""}:unreleased in a manifest there, or correct registry or deployment.path in release.yaml.`,
  });
}
