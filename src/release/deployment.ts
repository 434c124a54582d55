import type { Git } from "../io/git/git.ts";
import { ProblemError } from "../model/problem.ts";
import type { ReleasedImage } from "../model/release.ts";
import { shortId } from "../model/revision.ts";
import type { Pin } from "../pins/pin-references.ts";
import { pinTree, writePinned, type PinnedFile, type PinnedTree } from "../pins/pin-tree.ts";
import { howToAccept, rejectedImages } from "../pins/rejected.ts";
import { signatureOf, type ReleaseEvent, type ReleaseOptions } from "./doors.ts";
import { ProblemsError } from "./problems.ts";

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
    const { files } = await pinnedAt(git, head, place, released.images);
    const pinned = files.flatMap(({ places }) => places);
    if (pinned.length === 0) {
      onEvent({ kind: "unchanged", path: place.path });
      return { pinned };
    }
    const commit = await writePins(git, head, files, place, released, options);
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

/** What changes at the place. A place at which an image does not occur at all is a mistake, and said. */
async function pinnedAt(
  git: Git,
  head: string,
  { path, branch }: DeploymentPlace,
  images: readonly ReleasedImage[],
): Promise<PinnedTree> {
  const directory = path === "." ? "" : path;
  const tree = await git.treeAt(head, directory);
  if (tree === undefined) {
    throw new ProblemError({
      code: "deployment-path-missing",
      message: `The deployment repository ${git.url} has no directory ${path} on ${branch}.`,
      where: { file: "release.yaml" },
      remedy: "Correct deployment.path, or commit the manifests there first.",
    });
  }
  const pins = images.map((image): Pin => ({ repository: image.repository, reference: pinnedReference(image) }));
  const pinned = await pinTree(git, tree, directory, pins);
  if (pinned.problems.length > 0) throw new ProblemsError(pinned.problems);
  const missing = images.filter(({ repository }) => !pinned.referred.has(repository));
  if (missing.length > 0) throw missingReference(missing, path, git.url);
  const news = images.filter(({ repository }) => pinned.changed.has(repository));
  await refuseRejected(git, head, path, news);
  return pinned;
}

/** What was rolled back here is not pinned here again, unless Git says so (behaviour B5). */
async function refuseRejected(git: Git, head: string, path: string, images: readonly ReleasedImage[]): Promise<void> {
  if (images.length === 0) return;
  const rejected = await rejectedImages(git, head, path === "." ? "" : path);
  const refused = images.filter(({ digest }) => rejected.has(digest));
  const [first] = refused;
  if (first === undefined) return;
  throw new ProblemError({
    code: "image-rejected",
    message: `The image ${pinnedReference(first)} failed at ${path} and was rolled back by ${shortId(rejected.get(first.digest) ?? "")}, so it is not pinned there again.`,
    where: { file: path },
    remedy: howToAccept(
      path,
      refused.map(({ digest }) => digest),
    ),
  });
}

async function writePins(
  git: Git,
  head: string,
  files: readonly PinnedFile[],
  place: DeploymentPlace,
  released: Released,
  options: Pick<ReleaseOptions, "author" | "now">,
): Promise<string> {
  const { tree } = await git.commit(head);
  return git.writeCommit({
    tree: await writePinned(git, tree, files),
    parents: [head],
    message: commitMessage(place, released),
    signature: signatureOf(options),
  });
}

/** `repository:tag@digest`. */
function pinnedReference({ repository, tag, digest }: ReleasedImage): string {
  return `${repository}:${tag}@${digest}`;
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
