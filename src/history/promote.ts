import type { CommitInfo, Git } from "../io/git/git.ts";
import type { Application, PromotionWay } from "../model/application.ts";
import type { Problem } from "../model/problem.ts";
import type { PromotionCandidate } from "../model/record.ts";
import { shortId } from "../model/revision.ts";
import type { Content } from "../model/revision.ts";
import { isAt } from "./is-at.ts";
import type { Pin } from "../pins/pin-references.ts";
import { pinTree, writePinned } from "../pins/pin-tree.ts";
import { digestOf, parseReference } from "../pins/reference.ts";
import { howToAccept, rejectedImages } from "../pins/rejected.ts";
import { commitMessage } from "./commit-message.ts";
import { propose } from "./propose.ts";
import { plumbline } from "./signature.ts";

/** Images to be carried to an application. */
export interface PromotionRequest {
  readonly application: Application;
  /** The tracked branch. */
  readonly branch: string;
  readonly via: PromotionWay;
  /** The tree of the application's directory that this was decided for. */
  readonly onto: Content;
  readonly candidate: PromotionCandidate;
  /** The commit of the application's source that the images were built from, where that is known. */
  readonly release?: string | undefined;
  /** Images that failed here without a commit that says so, or were taken back: by the commit that brought them. */
  readonly failed: ReadonlyMap<string, readonly string[]>;
}

/**
 * How a promotion ended. `promoted` and `proposed` name the commit; `rejected`: the images failed here (behaviour B5);
 * `impossible`: the manifests, or somebody else's commit on the proposal's branch, leave no way; `moved`: somebody pushed
 * meanwhile, fetch and decide again. `denied` and `unreachable` say why Git could not be written.
 */
export type PromotionResult =
  | { readonly kind: "promoted" | "proposed"; readonly commit: string }
  | { readonly kind: "moved" }
  | { readonly kind: "rejected" | "impossible" | "denied"; readonly problem: Problem }
  | { readonly kind: "unreachable"; readonly problem: Problem };

/** Where a promotion is proposed: `plumbline/promote/production-probe`. */
export function promotionBranch({ environment, name }: Application): string {
  return `plumbline/promote/${environment}-${name}`;
}

/**
 * Writes the one commit that pins images in an application's manifests, and nothing but them (behaviour P1), on the tracked
 * branch or, for people to merge, on a branch of its own (behaviour P2). Never by force.
 */
export async function promote(git: Git, request: PromotionRequest): Promise<PromotionResult> {
  const { application, branch, candidate, failed } = request;
  const { path } = application;
  const head = await git.branch(branch);
  const tree = head === undefined ? undefined : await git.treeAt(head, path);
  if (head === undefined || tree === undefined || !(await isAt(git, head, path, request.onto)))
    return { kind: "moved" };
  const rejected = await rejectedImages(git, head, path, failed);
  const refused = candidate.images.filter((image) => rejected.has(digestOf(image) ?? ""));
  if (refused.length > 0) return { kind: "rejected", problem: refusal(request, refused, rejected) };
  const pinned = await pinTree(git, tree, path, candidate.images.flatMap(pinOf));
  const [broken] = pinned.problems;
  if (broken) return { kind: "impossible", problem: broken };
  if (pinned.files.length === 0) return { kind: "impossible", problem: nothingToPin(request) };
  const parent = await git.commit(head);
  const wanted = await writePinned(git, parent.tree, pinned.files);
  return request.via === "branch" ? proposed(git, request, parent, wanted) : committed(git, request, parent, wanted);
}

async function committed(
  git: Git,
  request: PromotionRequest,
  parent: CommitInfo,
  tree: string,
): Promise<PromotionResult> {
  const commit = await git.writeCommit({
    tree,
    parents: [parent.id],
    message: promotionMessage(request),
    signature: plumbline(Date.parse(parent.committedAt) / 1000 + 1),
  });
  const pushed = await git.push(commit, request.branch, parent.id);
  return pushed.kind === "pushed" ? { kind: "promoted", commit } : pushed;
}

async function proposed(
  git: Git,
  request: PromotionRequest,
  parent: CommitInfo,
  tree: string,
): Promise<PromotionResult> {
  const { id, path } = request.application;
  const branch = promotionBranch(request.application);
  const message = promotionMessage(request);
  const result = await propose(git, { branch, onto: parent, tree, application: id, path, message });
  if (result.kind !== "theirs") return result;
  return {
    kind: "impossible",
    problem: {
      code: "proposal-theirs",
      message: `the branch ${branch} has the commit ${shortId(result.commit)} of somebody else, so it is left as it is`,
      remedy: `merge or delete the branch ${branch}`,
    },
  };
}

/** What the promotion commit says: what was healthy where, and the same for machines. */
export function promotionMessage({ application, candidate, release }: PromotionRequest): string {
  const { from, commit, images } = candidate;
  const { id, path } = application;
  return commitMessage(
    `Promote ${from} at ${shortId(commit)} to ${id}`,
    [
      `These images were proved healthy in ${from} at ${shortId(commit)}. This commit pins them below ${path} and changes nothing else.`,
    ],
    [
      ["Plumbline-Application", id],
      ["Plumbline-Promotes", `${from}@${commit}`],
      ...(release === undefined ? [] : [["Plumbline-Release", release] as const]),
      ...images.map((image) => ["Plumbline-Image", image] as const),
    ],
  );
}

function pinOf(reference: string): readonly Pin[] {
  const repository = parseReference(reference)?.name;
  return repository === undefined ? [] : [{ repository, reference }];
}

function refusal(
  { application: { id, path } }: PromotionRequest,
  refused: readonly string[],
  rejected: ReadonlyMap<string, string>,
): Problem {
  const digests = refused.map((image) => digestOf(image) ?? image);
  const by = shortId(rejected.get(digests[0] ?? "") ?? "");
  return {
    code: "image-rejected",
    message: `${refused[0]} failed in ${id} or was taken back (${by}), so it is not promoted there again`,
    where: { file: path },
    remedy: howToAccept(path, digests),
  };
}

function nothingToPin({ application: { path }, candidate }: PromotionRequest): Problem {
  return {
    code: "image-not-referenced",
    message: `no manifest below ${path} refers to ${candidate.images.join(", ")} in a way that can be pinned`,
    where: { file: path },
    remedy: "write the image in one piece, as registry/name:tag@digest",
  };
}
