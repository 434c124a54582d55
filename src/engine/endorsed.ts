import { isAt } from "../history/is-at.ts";
import { writeRestoring } from "../history/rollback.ts";
import type { AllowedSigners, CommitInfo, Git } from "../io/git/git.ts";
import type { Application } from "../model/application.ts";
import type { Content } from "../model/revision.ts";
import type { Problem } from "../model/problem.ts";
import type { HealthyRevision, PromotionCandidate } from "../model/record.ts";
import { limits } from "../render/limits.ts";

/** What the engine itself says of signatures; nothing of it comes from the repository. */
export interface Trust {
  readonly allowed: AllowedSigners;
  /** A text that is another once the content of what `allowed` names is another. */
  readonly allowedNow: () => Promise<string>;
  /** Every application must be signed, whatever the repository says. */
  readonly always: boolean;
  /** The engine signs its own commits, so that unsigned ones are not its own. */
  readonly signsItself: boolean;
}

/** With nothing said: who may sign is nobody, and it matters only where the repository asks for signatures. */
export const noTrust: Trust = {
  allowed: {},
  allowedNow: () => Promise.resolve(""),
  always: false,
  signsItself: false,
};

/** Rollbacks of rollbacks are not written, so a longer chain than this is somebody's game. */
const longestChain = 5;

/**
 * Whether allowed signers stand behind what an application is (behaviour G3): the commit that last changed its directory and
 * the one that last changed delivery.yaml must be signed by one of them. A rollback commit that nobody signed counts where it
 * is, to its id, what this engine writes: it restores what an allowed signer signed, and changes nothing else.
 */
export class Endorsements {
  readonly #git: Git;
  readonly #trust: Trust;
  /** Commits that were found good for an application. Signatures and rollbacks stay what they are; who may sign can change. */
  readonly #good = new Set<string>();
  #goodBy = "";
  /** The commits that last changed paths, as of one head. */
  #last: { readonly head: string; readonly byPath: Map<string, CommitInfo | undefined> } = {
    head: "",
    byPath: new Map(),
  };

  constructor(git: Git, trust: Trust) {
    this.#git = git;
    this.#trust = trust;
  }

  /** What is not signed of an application at a commit, with who may sign; nothing where no signatures are asked for. */
  async missing(head: string, application: Application, content: Content): Promise<readonly Problem[]> {
    if (!this.#isAsked(application)) return [];
    const found = await Promise.all(
      [application.path, ...basePaths(content), "delivery.yaml"].map((path) => this.#check(head, path, application)),
    );
    return found.flat();
  }

  /** Why a state must not be put back: the commit that it is said to be of does not hold it, or is not signed. */
  async againstRestoring(restores: HealthyRevision, application: Application): Promise<Problem | undefined> {
    if (!this.#isAsked(application)) return undefined;
    const { path } = application;
    const { commit } = restores;
    if (await isAt(this.#git, commit, path, restores)) return (await this.#check(commit, path, application))[0];
    return {
      code: "healthy-tree-forged",
      message: `The delivery log says that ${path} was healthy in a state that its commit ${commit.slice(0, 8)} does not have.`,
      where: { file: path },
      remedy: "Look for who wrote to the branch of the delivery log.",
    };
  }

  /**
   * Why the engine must not change images by itself: it would write a commit that nobody signed, or sign images that only the
   * delivery log speaks of, which whoever may push can write to.
   */
  async againstPromoting(
    application: Application,
    source: Application,
    { commit, images }: PromotionCandidate,
  ): Promise<Problem | undefined> {
    if (!this.#isAsked(application)) return undefined;
    const where = { file: "delivery.yaml" };
    if (!this.#trust.signsItself) {
      return {
        code: "promotion-unsigned",
        message: `${application.id} is delivered only from signed commits, and this engine signs none`,
        where,
        remedy: "promote via: branch, so that a person signs the merge, or give the engine a signing key",
      };
    }
    const [unsigned] = await this.#check(commit, source.path, source);
    if (unsigned) return unsigned;
    const text = await this.#textAt(commit, source.path);
    const unknown = images.find((image) => !text.includes(image));
    if (unknown === undefined) return undefined;
    return {
      code: "promotion-forged",
      message: `the delivery log says that ${source.id} was healthy with ${unknown}, which its commit ${commit.slice(0, 8)} does not name`,
      where: { file: source.path },
      remedy: "look for who wrote to the branch of the delivery log",
    };
  }

  /** All that the files at a path say; what is too large for a manifest is left out. */
  async #textAt(commit: string, path: string): Promise<string> {
    const tree = await this.#git.treeAt(commit, path);
    const entries = tree === undefined ? [] : await this.#git.list(tree);
    const files = entries
      .filter(({ type, size }) => type === "blob" && size <= limits.fileBytes)
      .slice(0, limits.files);
    const blobs = await this.#git.blobs(files.map(({ id }) => id));
    return [...blobs.values()].map((content) => content.toString("utf8")).join("\n");
  }

  #isAsked(application: Application): boolean {
    return this.#trust.always || application.requires?.includes("signed") === true;
  }

  async #check(head: string, path: string, application: Application): Promise<readonly Problem[]> {
    const commit = await this.#lastChange(head, path);
    if (commit === undefined) return [];
    const problem = await this.#signature(commit, application, path, 0);
    if (problem === undefined) return [];
    const { id, subject, author } = commit;
    const message = `${path} was last changed by ${id.slice(0, 8)} (${JSON.stringify(subject)}, ${author}). ${problem.message}`;
    return [{ ...problem, message, where: { file: path } }];
  }

  async #signature(
    commit: CommitInfo,
    application: Application,
    path: string,
    depth: number,
  ): Promise<Problem | undefined> {
    const key = `${commit.id} ${path}`;
    const by = await this.#trust.allowedNow();
    if (by !== this.#goodBy) this.#good.clear();
    this.#goodBy = by;
    if (this.#good.has(key)) return undefined;
    const signer = await this.#git.signer(commit.id, this.#trust.allowed);
    if (!signer.ok && !(path === application.path && (await this.#isOwnRollback(commit, application, depth)))) {
      return signer.problems[0];
    }
    // Checked by what was allowed before, it says nothing of what is allowed since.
    if (by === this.#goodBy) this.#good.add(key);
    return undefined;
  }

  async #isOwnRollback(commit: CommitInfo, application: Application, depth: number): Promise<boolean> {
    const git = this.#git;
    const { path, id } = application;
    const { "Plumbline-Application": of, "Plumbline-Undoes": undoes, "Plumbline-Restores": restores } = commit.trailers;
    const [parentId, ...others] = commit.parents;
    if (this.#trust.signsItself || depth >= longestChain || others.length > 0) return false;
    if (of !== id || parentId === undefined || !isId(undoes) || !isId(restores)) return false;
    if (!(await git.isAncestor(restores, parentId))) return false;
    const [undone] = await git.log(parentId, path, 1);
    const [restored] = await git.log(restores, path, 1);
    const tree = await git.treeAt(restores, path);
    if (undone?.id !== undoes || restored?.id !== restores || tree === undefined) return false;
    const parent = await git.commit(parentId);
    if ((await writeRestoring(git, { path, tree, parent, message: commit.message })) !== commit.id) return false;
    return (await this.#signature(restored, application, path, depth + 1)) === undefined;
  }

  async #lastChange(head: string, path: string): Promise<CommitInfo | undefined> {
    if (this.#last.head !== head) this.#last = { head, byPath: new Map() };
    const { byPath } = this.#last;
    if (!byPath.has(path)) byPath.set(path, (await this.#git.log(head, path, 1))[0]);
    return byPath.get(path);
  }
}

function basePaths({ composed }: Content): readonly string[] {
  return (composed?.bases ?? []).map(({ path }) => path);
}

function isId(text: string | undefined): text is string {
  return text !== undefined && /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(text);
}
