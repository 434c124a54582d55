import { isAt } from "../history/is-at.ts";
import type { Git } from "../io/git/git.ts";
import type { Manifest } from "../model/manifest.ts";
import type { Result } from "../model/problem.ts";
import type { DeliveryRecord, HealthyRevision } from "../model/record.ts";
import { directoryTree } from "../model/revision.ts";
import type { Revision } from "../model/revision.ts";
import type { Render } from "../render/render.ts";
import type { FoundApplication } from "../source/deployment.ts";
import { readRevision } from "../source/revision.ts";
import type { Endorsements } from "./endorsed.ts";

type Rendered = Result<readonly Manifest[]>;

/** What applications ask for, remembered by tree: the same tree needs neither Git nor another rendering (behaviour D7). */
export class Desired {
  readonly #git: Git;
  readonly #endorsements: Endorsements;
  readonly #render: Render;
  readonly #rendered = new Map<string, { readonly key: string; readonly value: Rendered }>();
  readonly #before = new Map<string, { readonly key: string; readonly value: readonly Manifest[] }>();

  constructor(git: Git, endorsements: Endorsements, render: Render) {
    this.#git = git;
    this.#render = render;
    this.#endorsements = endorsements;
  }

  /**
   * The revision at `head`; the known record's own where the tree is still the same. Of what failed Git is asked all the same:
   * its rollback may have been taken back meanwhile, which is another revision with that tree.
   */
  async revision(found: FoundApplication, head: string, known: DeliveryRecord | undefined): Promise<Revision> {
    if (known && known.revision.tree === found.tree && known.outcome !== "failed") return known.revision;
    const revision = await readRevision(this.#git, head, found.application);
    return revision ?? noDirectory(head, found);
  }

  /** Git has the application no longer. */
  forget(application: string): void {
    this.#rendered.delete(application);
    this.#before.delete(application);
  }

  /** The manifests of a revision at `head`, or every reason why it may not be delivered. */
  async manifests(found: FoundApplication, revision: Revision, head: string): Promise<Rendered> {
    if (found.problems.length > 0) return { ok: false, problems: found.problems };
    const unsigned = await this.#endorsements.missing(head, found.application, revision);
    if (unsigned.length > 0) return { ok: false, problems: unsigned };
    const key = JSON.stringify([revision.tree, found.application]);
    const known = this.#rendered.get(found.application.id);
    if (known?.key === key) return known.value;
    const value = await this.#render(this.#git, revision, found.application);
    this.#rendered.set(found.application.id, { key, value });
    return value;
  }

  /**
   * The manifests of what was delivered before; none where Git has it no longer, as after a force push, or where what
   * the application may do now does not allow it any more. Rejects where only the mirror has lost it, which a fetch mends.
   */
  async before({ application }: FoundApplication, content: HealthyRevision): Promise<readonly Manifest[]> {
    const key = JSON.stringify([content.tree, application]);
    const known = this.#before.get(application.id);
    if (known?.key === key) return known.value;
    const trees = [directoryTree(content), ...(content.composed?.bases ?? []).map(({ tree }) => tree)];
    const found = await Promise.all(trees.map((tree) => this.#git.find(tree, "")));
    const isHere = found.every(Boolean) || (await isAt(this.#git, content.commit, application.path, content));
    const rendered = isHere ? await this.#render(this.#git, content, application) : undefined;
    const value = rendered?.ok === true ? rendered.value : [];
    this.#before.set(application.id, { key, value });
    return value;
  }
}

/** What stands at the application's place is no directory; the problems that were found say so. */
function noDirectory(head: string, { tree = "" }: FoundApplication): Revision {
  return { commit: head, tree, subject: "", author: "", committedAt: new Date(0).toISOString() };
}
